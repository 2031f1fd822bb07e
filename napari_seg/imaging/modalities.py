"""Which modalities DICOM knows; any other text in their place may name a person."""

from __future__ import annotations

_NAMES = """
ANN AR ASMT AU BDUS BI BMD CD CF CR CS CT CTPROTOCOL DD DF DG DM DMS DOC DS DX EC ECG EEG EMG
EOG EPS ES FA FID FS GM HC HD IO IOL IVOCT IVUS KER KO LEN LP LS M3D MA MG MR MS NM OAM OCT OP
OPM OPR OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE
RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SC SEG SM SMR SR SRF ST STAIN TEXTUREMAP TG
US VA VF VL XA XAPROTOCOL XC
"""
_CODES = frozenset(_NAMES.split())


def known_modality(stated: str) -> str:
    """Return a modality as DICOM writes it, such as ``"CT"``; empty for any other text."""
    code = stated.strip().upper()
    return code if code in _CODES else ""
