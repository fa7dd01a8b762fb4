"""The words for the things that game studios search for, as data.

A concept is known by its own name and by the words after it; a theme binds concepts that go together.
"""

from collections.abc import Mapping
from typing import Final

CONCEPTS: Final[Mapping[str, str]] = {
    "knight": "warrior soldier fighter paladin cavalier hero guard armor armour armored templar crusader",
    "castle": "fortress citadel palace stronghold keep chateau fort bastion kingdom",
    "dragon": "wyvern drake wyrm serpent monster beast creature lizard",
    "forest": "wood woods woodland jungle trees tree grove nature wilderness",
    "potion": "elixir flask vial bottle brew tonic alchemy",
    "spaceship": "starship spacecraft rocket shuttle ufo spacecrafts",
    "sword": "blade saber sabre katana rapier dagger weapon weapons",
    "shield": "buckler defence defense protection",
    "mountain": "peak hill cliff summit alps ridge highland",
    "moon": "lunar crescent satellite",
    "robot": "android droid mech machine automaton cyborg bot",
    "chest": "treasure coffer loot crate strongbox",
    "mushroom": "fungus toadstool fungi",
    "crystal": "gem gemstone jewel diamond quartz ruby sapphire",
    "skull": "skeleton bones bone death undead cranium",
    "crown": "tiara diadem king queen royal royalty",
    "tower": "spire turret lighthouse minaret",
    "ship": "boat vessel galleon sailboat sailing pirate frigate",
    "planet": "world globe orb mars saturn",
    "coin": "money currency cash coinage",
    "book": "tome grimoire spellbook scroll manuscript",
    "key": "keyring unlock lock",
    "lantern": "lamp torch candle",
    "axe": "hatchet tomahawk halberd",
    "ghost": "spirit phantom spectre specter apparition haunted spooky",
    "cat": "kitten kitty feline pet",
    "crimson": "red scarlet blood bloody",
    "golden": "gold gilded yellow amber",
    "emerald": "green jade verdant",
    "azure": "blue cyan sapphirine",
    "violet": "purple lilac magenta lavender",
    "frozen": "ice icy snow snowy cold winter frost arctic",
    "midnight": "night dark darkness nocturnal",
    "rusty": "rust brown corroded worn old",
    "rosy": "pink rose blush",
    "sandy": "sand desert beige beach dune",
    "pixel": "8bit retro sprite",
    "watercolor": "watercolour painting aquarelle painted",
    "isometric": "diorama",
    "music": "song melody tune soundtrack sound audio",
    "city": "town urban village street",
    "light": "glow glowing shining bright luminous",
    "water": "lake sea ocean river",
    "character": "person people figure hero npc",
    "item": "object prop icon asset",
    "environment": "landscape scenery background scene",
}

THEMES: Final[Mapping[str, frozenset[str]]] = {
    "medieval": frozenset({"knight", "castle", "sword", "shield", "tower", "crown", "axe", "dragon"}),
    "magic": frozenset({"potion", "crystal", "book", "mushroom", "ghost", "dragon"}),
    "space": frozenset({"spaceship", "planet", "moon", "robot"}),
    "treasure": frozenset({"chest", "coin", "crown", "crystal", "key", "golden"}),
    "weapons": frozenset({"sword", "axe", "shield"}),
    "outdoors": frozenset({"forest", "mountain", "mushroom", "water", "environment", "sandy", "frozen"}),
    "night": frozenset({"moon", "midnight", "lantern", "ghost", "skull"}),
    "sea": frozenset({"ship", "water", "azure"}),
    "buildings": frozenset({"castle", "tower", "city"}),
    "living": frozenset({"cat", "dragon", "knight", "ghost", "character"}),
}

STOP_WORDS: Final = frozenset(
    (
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "the",
        "to",
        "with",
    )
)
