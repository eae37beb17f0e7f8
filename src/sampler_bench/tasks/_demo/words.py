"""The words of the demo language: names, traits and the free slots, most common first.

Order matters: a word's chance falls with its rank (`weights`), so the first ones become habits and
the last ones are the colour that a cold sampler never reaches.
"""

from __future__ import annotations

from functools import cache


def listed(text: str) -> tuple[str, ...]:
    """Split a comma-separated list."""
    return tuple(item.strip() for item in text.split(",") if item.strip())


@cache
def weights(n: int) -> tuple[float, ...]:
    """Chances of n items by rank, summing to 1: proportional to (rank + 1.6)^-0.8."""
    raw = [(rank + 1.6) ** -0.8 for rank in range(n)]
    return tuple(w / sum(raw) for w in raw)


WOMEN = listed(
    "Mira, Anna, Clara, Nora, Ida, Elsa, Ruth, Lena, Tilda, Vera, Marta, Greta, Olive, Sonja, "
    "Hazel, Ingrid, Petra, Flora, Agnes, Bryn, Judith, Salma, Yara, Zofia"
)
MEN = listed(
    "Hugo, Anton, Felix, Oscar, Emil, Tomas, Viktor, Jonas, Karl, Leon, Bruno, Otto, Samir, Ivan, "
    "Pavel, Rufus, Milo, Edgar, Casper, Niels, Amos, Theo, Walter, Zeno"
)
GENDER = dict.fromkeys(WOMEN, "f") | dict.fromkeys(MEN, "m")

ROLES = listed(
    "student, baker, teacher, gardener, sailor, painter, clockmaker, nurse, tailor, carpenter, "
    "messenger, beekeeper, doctor, musician, astronomer, fisher, potter, translator, engineer, "
    "shepherd, locksmith, archivist, weaver, umbrella maker"
)
TRAITS = listed(
    "curious, quiet, patient, restless, stubborn, shy, careful, cheerful, lonely, clever, gentle, "
    "proud, absent-minded, courageous, brave, sleepy, plain-spoken, thrifty, impatient, dreamy"
)
KEEP_LOOK = listed(
    "silver, old, small, blue, wooden, broken, golden, grey, borrowed, painted, heavy, striped, "
    "green, ivory"
)
KEEP_KIND = listed(
    "key, watch, notebook, lantern, coat, compass, scarf, whistle, coin, flute, penknife, "
    "teacup, hat, ring, violin, umbrella"
)
PETS = listed("cat, dog, otter, crow, mouse, parrot, goat, hedgehog, fox, owl, donkey, tortoise")
PET_NAMES = listed(
    "Pepper, Biscuit, Button, Moss, Captain, Thimble, Ginger, Pickle, Shadow, Comet, Barley, "
    "Noodle, Sir Oats, Velvet"
)
RELATIONS = listed(
    "neighbour, cousin, friend, sister, teacher, brother, aunt, uncle, rival, grandfather, "
    "landlady, classmate"
)

LEXICON: dict[str, tuple[str, ...]] = {
    "time": listed(
        "one morning, one evening, one night, late in autumn, on the first day of spring, "
        "long after midnight, just before dawn, on a slow afternoon, in the middle of winter, "
        "on the longest day of the year, when the last bell had rung, on the eve of the feast"
    ),
    "weather": listed(
        "rain, fog, wind, sunshine, snow, thunder, frost, drizzle, a warm breeze, hail, "
        "a red dusk, a thin mist"
    ),
    "sound": listed(
        "a whisper, a knock, footsteps, a bell, a soft hum, a creak, distant music, a cough, "
        "wings, a slow drip, laughter, the scratch of a pen"
    ),
    "smell": listed(
        "dust, rain, smoke, old paper, salt, wax, fresh bread, iron, lavender, wet stone, "
        "oranges, pine, burnt sugar, turpentine"
    ),
    "feeling": listed(
        "afraid, tired, hopeful, sad, angry, foolish, calm, ashamed, lonely, dizzy, jealous, "
        "homesick, feverish, strangely light"
    ),
    "gladness": listed(
        "happy, proud, relieved, grateful, at peace, full of wonder, wide awake, forgiven, "
        "light as a feather, rich beyond measure"
    ),
    "how": listed(
        "slowly, carefully, quietly, quickly, gently, bravely, without a word, on tiptoe, "
        "with shaking hands, twice, like a thief, as if in a dream"
    ),
    "colour": listed(
        "red, blue, green, yellow, black, white, silver, violet, amber, copper, pale pink, ink-dark"
    ),
    "light": listed(
        "moonlight, lamplight, sunlight, candlelight, starlight, firelight, a grey glow, "
        "a thread of gold"
    ),
    "while": listed(
        "an hour, a day, a week, three days, half the night, a long while, seven weeks, "
        "one whole winter, a month of Sundays"
    ),
    "habit": listed(
        "counted the stairs, whistled at work, drank cold tea, collected buttons, slept too late, "
        "talked to strangers, forgot the time, kept a diary, mended old clocks, hummed off-key, "
        "read the last page first, fed the pigeons"
    ),
    "wish": listed(
        "to be useful, to see the world, to be left alone, to know the truth, to be brave, "
        "to find a true friend, to write a book, to go home, to prove everybody wrong, "
        "to hear the sea again"
    ),
    "lesson": listed(
        "patience opens every door, a true friend is worth the road, fear is smaller up close, "
        "nothing is lost for ever, it is wise to ask, small things matter most, "
        "a promise is a kind of map, silence can be an answer, one must look twice, "
        "courage is only practice, some secrets like company, no door is closed to kindness"
    ),
    "said": listed("said, whispered, cried, murmured, muttered, announced, sighed, declared"),
    "people": listed(
        "the neighbours, the children, everybody, the old women, the postman, two strangers, "
        "the mayor, the night watchman, a choir of boys, the baker's twins"
    ),
    "food": listed(
        "bread and cheese, soup, tea, honey cake, apples, pancakes, roasted chestnuts, plum jam, "
        "pickled herring, cold porridge"
    ),
}
