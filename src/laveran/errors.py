"""Every error that Laveran raises on purpose.

    LaveranError
    ├── DataError            the user's data is at fault
    │   ├── ArchiveError     a zip or folder cannot be read at all
    │   ├── PictureError     one picture cannot be read
    │   ├── LabelsError      a labels table, or its fit to the pictures
    │   ├── SplitError       patients or cells do not allow the asked split
    │   └── FetchError       a download or upload: network, token, checksum
    ├── ModelError           a model file or run folder is at fault
    ├── ConfigError          a recipe or option that cannot work
    └── OutputError          a file cannot be written

The message is one sentence for a person: what is wrong, where, what to do.
Errors of other libraries (zipfile, cv2, onnxruntime) are translated in the
module that calls them, with the cause chained.
"""


class LaveranError(Exception):
    """Base of all errors below; the command line shows it and exits with 1."""


class DataError(LaveranError):
    """The user's data is at fault."""


class ArchiveError(DataError):
    """A zip or folder cannot be read at all."""


class PictureError(DataError):
    """One picture cannot be read; the reader of many lists it and goes on."""


class LabelsError(DataError):
    """A labels table is malformed or does not fit the pictures."""


class SplitError(DataError):
    """The patients or cells at hand do not allow the asked split."""


class FetchError(DataError):
    """A download or an upload failed: network, token, disk or checksum."""


class ModelError(LaveranError):
    """A model file or run folder is missing, damaged or not ours."""


class ConfigError(LaveranError):
    """A recipe or an option has a value that cannot work."""


class OutputError(LaveranError):
    """A file cannot be written: permission, a full disk, a folder of its name."""
