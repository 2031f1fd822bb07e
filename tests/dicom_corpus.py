"""Odd DICOM files and folders, and what is to become of each."""

from dicom_corpus_damaged import DAMAGED
from dicom_corpus_enhanced import ENHANCED
from dicom_corpus_real import REAL
from dicom_corpus_series import SERIES
from dicom_corpus_slices import SLICES

CASES = (*SLICES, *SERIES, *DAMAGED, *ENHANCED, *REAL)
