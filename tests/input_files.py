"""Files of every optional input, and the sample's profile with all of them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = {
    "promotions": "shop_id,item_id,month,share\n1,10,2015-04,.1\n1,10,2015-04,.25\n1,,2015-04,1\n",
    "planned_prices": "shop_id,item_id,month,price\n1,10,2015-04,8\n1,11,2015-04,free\n",
    "stock_outs": "shop_id,item_id,month,days\n1,10,2015-03,11\n",
    "shop_dates": "shop_id,opened_on,closed_on\n1,01.01.2010,\n2,,31.03.2015\n",
    "delistings": "item_id,delisted_on\n11,2015-03-05\n",
}


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)


def profile_of_inputs() -> str:
    """The text of the profile, its inputs as the documentation declares them."""
    documented = re.findall(
        r"```toml\n(.*?)```", (ROOT / "docs/how_to/inputs.md").read_text(), re.S
    )
    sample = (ROOT / "lakehouse/profile/profiles/sample.toml").read_text()
    return "\n".join([sample, *documented])
