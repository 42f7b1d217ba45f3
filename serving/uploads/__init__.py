"""Uploads: sales, shops and items sent to POST /update_data, checked row by row and passed on."""
