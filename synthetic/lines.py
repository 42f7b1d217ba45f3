"""CSV lines of ``sales_train.csv`` for a month's sales."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from synthetic.months import Month
from synthetic.sales import Sales

HEADER = "date,date_block_num,shop_id,item_id,item_price,item_cnt_day\n"


def sales_lines(sales: Sales, month: Month) -> pa.StringArray:
    """Format a month's sales as CSV lines, such as ``02.01.2013,0,59,22154,999.0,1.0``."""
    return pc.binary_join_element_wise(
        pa.array(month.dates()).take(pa.array(sales.days)),
        str(month.number),
        pa.array(sales.shops).cast(pa.string()),
        pa.array(sales.items).cast(pa.string()),
        decimal_texts(sales.prices),
        decimal_texts(sales.units.astype(np.float64)),
        ",",
    )


def decimal_texts(numbers: NDArray[np.float64]) -> pa.StringArray:
    """Format numbers as the shortest decimal text that keeps the point: ``999.0``."""
    distinct, positions = np.unique(numbers, return_inverse=True)
    return pa.array([repr(number) for number in distinct.tolist()]).take(pa.array(positions))
