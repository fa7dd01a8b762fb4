"""What this project assumes about the service and nobody has checked there, each by name.

What can be asked of any account's data is asked by `test_congruence.py`; of the rest it is said why it is not.
When something was checked live, it is no assumption any more: write a test that holds it without `unconfirmed`.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

_OWN: Final = "only records whose texts one has written oneself tell"
_LONG: Final = "no public record is known to have such a text"
_MANY: Final = "it would take more requests than a run may send"
_WAIT: Final = "it would spend the account's quota, or wait for long"
_HARM: Final = "a run only searches, and does not strain the service"


class Assumption(Enum):
    """A fact, and why it is not asked, if it is not."""

    def __init__(self, fact: str, unasked: str = "") -> None:
        self.fact = fact
        self.unasked = unasked

    # Paging.
    EMPTY_BEYOND = "a page beyond the last hit is empty"
    OFFSET_ECHO = "an offset beyond the window is echoed as its end, or as it was asked for"
    WINDOW = "a search gives 1,000 hits at most, and totals end there", _MANY
    ONE_MODE = "page parameters win over offset ones where both are sent"

    # What may be asked.
    QUERY_RATIO = "querySemanticRatio 1.5 is refused"
    IMAGE_RATIO = "imageSemanticRatio 1.5 is refused"
    UNKNOWN_KEYS = "keys of a body that nobody knows are ignored"
    BODY_SIZE = "a body may have 6 MB", _HARM
    RATE = "a project may send 100 requests a minute, and more are a 429", _WAIT
    RETRY_AFTER = "a 429 says with retry-after when to come back", _WAIT
    DATA_URLS = "pictures travel as base64 data URLs", "the run sends no pictures of anybody's"
    SORTINGS = "as many attributes as there are may be sorted by", _HARM

    # Filters.
    CONTAINS = "the filter name CONTAINS a is taken, and holds"
    STARTS_WITH = 'the filter mimeType STARTS WITH "image/" is taken, and holds'
    IN = "the filter kind IN [video, audio] is taken, and holds"
    NOT_IN = "the filter kind NOT IN [image, video] is taken, and holds"
    TO = "the filter width 512 TO 1024 is taken, and holds"
    EXISTS = "the filter negativePrompt EXISTS is taken, and holds"
    IS_NOT_NULL = "the filter prompt IS NOT NULL AND NOT kind = image is taken, and holds"
    METADATA_NAMES = "attributes may be named with metadata. before them"
    ENDS_WITH = "ENDS WITH is a 500, as seen in August 2026"
    WORKFLOWS = "workflows can be filtered by status, tags, authorId, collectionIds, name and dates"
    LONG_FILTER = "a filter of a thousand conditions is taken"
    DEEP_FILTER = "36 nested parentheses are taken"
    TOO_DEEP_FILTER = "37 nested parentheses are refused"
    MANY_NOTS = "147 times NOT is taken, and 148 times is not", _MANY
    TWO_BLANKS = "STARTS and WITH have one space between them, and no more"
    NO_BREAK_SPACE = "a no-break space may stand before a value"
    NO_BREAK_SPACE_BEHIND = "a no-break space may not stand before a comparison"

    # Facets.
    CASE = "values compare without regard to case"
    BLANKS = "blanks around a value do not count"
    DENIED = "!= finds the records without the attribute as well"
    NO_EMPTY_FACET = "an empty text is equal to nothing, and differs from everything"
    FORMS = "a value is the same in any of Unicode's forms, composed or not", _OWN
    SHARP_S = "the sharp s is not two letters s", _OWN
    LONG_TEXTS = "texts of more than 468 bytes are equal to nothing", _LONG
    LONG_TEXTS_CUT = "nothing is found by the beginning of a text of more than 468 bytes", _LONG
    NUMBERS = "a number is compared with texts as a text, too", _OWN

    # Sorting.
    SORT_FIELD = "the refusal says: Invalid sort field"
    SORT_WITH_QUERY = "with a query, sorting orders only what is ranked equal", _OWN
    SORT_WITH_MEANING = "sortBy does nothing while a semantic ratio is above 0", _OWN
    SCORE_OF_MODELS = "models can be sorted by score"

    # Words.
    WHOLE_NAME = "a query of a whole name finds that name"
    NEGATIVE_WORDS = "a word behind a minus is not in any hit", _OWN
    PHRASES = "words in double quotes stand in that order", _OWN
    PREFIX = "only the last word may be a beginning", _OWN
    BOUNDARIES = "underscores, points, dashes and slashes part words", _OWN
    TYPOS = "a word of 5 letters may have one typo, one of 9 two", _OWN
    SPLIT_WORDS = "two words are found where one is written, and one where two are", _OWN
    MATCHING = "words are dropped from the end where too few records have all", _OWN
    TEN_WORDS = "the first ten words of a query count", _OWN
    SEEDS = "a query looks at seeds, too", _OWN
    RANKING = "words, typos, proximity and attribute rank before anything else", _OWN
    NO_THRESHOLD = "above semantic ratio 0 every record with a vector is a hit", _OWN

    # Pictures and hits.
    PUBLIC = "hits of a public search have the privacy public"
    IDS = "ids begin with the kind of the record"
    ORIGINALS = "originals stand in /assets/, others in /assets-transform/"
    IMAGE = "image takes the id of a public asset"
    IMAGES = "images takes the id of a public asset"
    UNKNOWN_IMAGE = "an id that is no asset's is a 404"
    EXPIRY = "addresses of pictures end with a week of the month, and then are a 403", _WAIT
    BULK_UNKNOWN = "get-bulk leaves out the ids that it does not know", "a run sends nothing but searches"
    TOKENS = "a bearer token that has expired is a 403 of the gateway", _WAIT
