"""The backtest's report: figures and the page that holds them."""
