"""What can go wrong with sentence vectors."""

from chassis.errors import Unavailable


class EmbedderUnavailable(Unavailable):
    """The model did not load or does not answer; search goes on by words."""

    code = "embedder_unavailable"
