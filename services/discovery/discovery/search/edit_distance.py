"""How many typos lie between what was typed and the beginning of a word."""


def prefix_distance(typed: str, word: str, limit: int) -> int | None:
    """The least edits (insert, drop, change, swap of neighbours) that make `typed` a prefix of `word`.

    None above `limit`.
    """
    before: list[int] = []
    previous = list(range(len(word) + 1))
    for row, letter in enumerate(typed, start=1):
        current = [row]
        for column, other in enumerate(word, start=1):
            cost = min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (letter != other))
            swapped = row > 1 and column > 1 and letter == word[column - 2] and typed[row - 2] == other
            current.append(min(cost, before[column - 2] + 1) if swapped else cost)
        if min(current) > limit:
            return None
        before, previous = previous, current
    best = min(previous)
    return best if best <= limit else None


def typos_allowed(length: int) -> int:
    """None in short words, where every typo is another word; one from four letters, two from eight."""
    return 0 if length < 4 else 1 if length < 8 else 2
