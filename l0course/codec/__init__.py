"""A pruned model as one small file, and back (compressed_file.py), part by part.

architecture.py     which tensors the file holds, and whose they are
levels.py           few values instead of many: a grid for each tensor, or one codebook
position_code.py    which weights are live; gap_code.py and pictures.py predict the next one
value_code.py       what values they have; level_code.py predicts the next one
logits.py           logistic functions in whole numbers; logistic_fit.py sends coefficients
range_coder.py      one coder for all of it
"""

from .compressed_file import (
    decode_model,
    encode_model,
    file_report,
    load_compressed,
    save_compressed,
)
from .range_coder import CorruptFileError

__all__ = [
    "CorruptFileError",
    "decode_model",
    "encode_model",
    "file_report",
    "load_compressed",
    "save_compressed",
]
