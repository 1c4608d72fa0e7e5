"""Damage to a file, for the tests that no damaged file is believed."""


def damaged(blob, dice):
    """One of several kinds of damage."""
    cut, at = dice.randrange(len(blob)), dice.randrange(len(blob))
    some = dice.randbytes(dice.randrange(1, 20))
    return dice.choice(
        [
            blob[:cut],
            blob[cut:],
            blob + some,
            blob + bytes(len(some)),
            blob[:cut] + blob[cut + 1 :],
            blob[:cut] + some + blob[cut:],
            blob[:at] + bytes([blob[at] ^ 1 << dice.randrange(8)]) + blob[at + 1 :],
            blob[:at] + some + blob[at + len(some) :],
            dice.randbytes(len(blob)),
            blob[:3] + dice.randbytes(len(blob) - 3),
        ]
    )
