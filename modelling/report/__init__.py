"""The backtest's report: one HTML file with plots."""
