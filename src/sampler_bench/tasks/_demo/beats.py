"""The beats of a story in their order, and the templates that every world shares.

A template is one sentence. `{slot}` is filled from the world state, `<slot>` from the lexicon, and
`[one|two]` is a choice on the spot; `{a}` is "a" or "an" as the next word wants. The first template
of a beat is its commonest. A beat marked `again` may use a template twice: that is where a cold
sampler starts to repeat itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Beat:
    """One step of a story.

    Attributes:
        name: of the step.
        counts: chances of 0, 1, 2, ... sentences; they sum to 1.
        again: True where sentences are drawn with replacement.
        templates: shared by all worlds, most common first.
    """

    name: str
    counts: tuple[float, ...]
    again: bool
    templates: tuple[str, ...]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


BEATS: tuple[Beat, ...] = (
    Beat(
        "open",
        (0, 1),
        False,
        _lines("""
        {hero} was {a} {trait} {role} who lived near the {place}.
        Once there was {a} {trait} {role} called {hero}, who knew every corner of the {place}.
        There was once {a} {role} named {hero}, and nobody in the {place} was as {trait}.
        In the {place} lived {hero}, {a} {trait} {role}.
    [Long ago|Not so long ago|Many years ago], {a} {trait} {role} named {hero} came to the {place}.
        Everybody in the {place} knew {hero}, the {trait} {role}.
        {hero}, {a} {trait} {role}, had [always|never] been at home in the {place}.
        They say that {hero} was the most {trait} {role} who ever set foot in the {place}.
        Nobody expected much of {hero}, {a} {trait} {role} from the {place}.
        The story begins in the {place}, with {a} {trait} {role} whose name was {hero}.
    """),
    ),
    Beat(
        "describe",
        (0.2, 0.7, 0.1),
        False,
        _lines("""
        {He} often <habit> and wished <wish>.
        More than anything, {he} wanted <wish>.
        People said that {hero} was a little too {trait}, but {he} did not mind.
        {He} had [dark|red|grey|untidy|short] hair and [ink|flour|paint|chalk|mud] on {his} sleeves.
        In {his} [free|idle|best] hours {he} <habit>.
        {hero} had <habit> ever since {he} was [six|seven|eight|nine] years old.
        {He} ate <food> every day and never complained.
        Nobody knew that {hero} secretly wished <wish>.
        {His} hands were [quick|steady|cold|scarred], and {his} eyes were <colour>.
        {He} had few friends, and most of them were [books|birds|stones|ghosts].
        Some called {him} {trait}, and some called {him} [odd|lucky|a fool].
    """),
    ),
    Beat(
        "keep",
        (0.3, 0.7),
        False,
        _lines("""
        {He} always carried {a} {keep}.
        In {his} pocket {he} kept {a} {keep} from {his} [grandmother|father|mother|old master].
        {His} only treasure was {a} {keep}.
        {He} had won {a} {keep} at [a fair|cards|a wager] and never went out without it.
        Wherever {he} went, {a} {keep} went with {him}.
        From {his} [mother|grandfather|great-aunt] {he} had inherited {a} {keep} and little else.
        {He} owned {a} {keep}, which [never|rarely|only sometimes] brought luck.
    """),
    ),
    Beat(
        "pet",
        (0.5, 0.5),
        False,
        _lines("""
        {His} best companion was {a} {pet} named {petname}.
        {He} shared {his} [room|supper|bed] with {a} {pet} called {petname}.
        {A} {pet} named {petname} followed {him} everywhere.
        With {petname}, {his} faithful {pet}, {he} was never alone.
        {petname}, {a} {pet} with [one white ear|a crooked tail|wise eyes], was {his} only friend.
        {He} had once saved {a} {pet}, and since then {petname} had never left {his} side.
    """),
    ),
    Beat(
        "setting",
        (0, 1),
        False,
        _lines("""
        <Time> there was <weather>, and the {place} smelled of <smell>.
        <Time> <light> lay on the {noun}.
        The air was full of <smell>, and the {noun} stood [empty|open|in shadow].
        <Time> the {place} was [quieter|darker|colder|busier] than usual.
        It was [a cold day|a bright day|a strange day], and <light> fell on the {noun}.
        After <while> of <weather>, the {noun} was [wet|warm|covered in dust].
        Outside there was <weather>, but beside the {noun} it was [warm|still|dark].
        <Time>, when <people> had gone, only the {noun} was awake.
        The {noun} was painted <colour>, and beside it stood the {noun2}.
    """),
    ),
    Beat(
        "hook",
        (0, 1),
        False,
        _lines("""
        Then {hero} found {a} {clue} that led to {a} {thing}.
        Behind the {noun} {he} discovered {a} {clue}, and it spoke of {a} {thing}.
        <Time> {hero} heard <sound> behind the {noun} and found {a} {clue} that told of {a} {thing}.
        Under the {noun} lay {a} {clue}, the first sign of {a} {thing}.
        <People> gave {him} {a} {clue} and told {him} of {a} {thing}.
        {He} tripped over the {noun}, and out fell {a} {clue} with the picture of {a} {thing}.
        That night {he} dreamed of {a} {thing}, and in the morning {a} {clue} lay on the {noun}.
        {A} {clue} had been left beside the {noun}, and on it was written: look for the {thing}.
    """),
    ),
    Beat(
        "goal",
        (0.1, 0.9),
        False,
        _lines("""
        "I will find the {thing}," <said> {hero}.
        "If there is {a} {thing}, I must see it," <said> {hero}.
        {He} decided at once to look for the {thing}.
        "Nobody has ever seen the {thing}," <said> {hero}, "but I will."
        "Where is the {thing}?" asked {hero}, but nobody answered.
    {hero} promised {himself} to find the {thing} before [the night|the week|the winter] was over.
        "Let us go," {he} <said>, "the {thing} will not wait."
        From that hour {he} thought of nothing but the {thing}.
        {He} swore on {his} {keep} that {he} would find the {thing}.
        "What do you think, {petname}?" asked {hero}, and the {pet} [blinked|yawned|nodded].
    """),
    ),
    Beat(
        "plan",
        (0.6, 0.4),
        False,
        _lines("""
        First {he} packed <food> and {his} {keep}.
        {He} studied the {clue} for <while>.
        {He} put the {clue} in {his} pocket and set out <how>.
        {He} asked <people>, but they only spoke of <weather>.
        {hero} drew a map of the {place} and marked the {noun} in <colour>.
        {He} told nobody, not even {petname}.
        {He} waited until <people> were asleep.
        {He} read the {clue} again, [forwards|backwards|aloud|in a mirror].
    """),
    ),
    Beat(
        "search",
        (0, 0.4, 0.4, 0.2),
        True,
        _lines("""
        {He} looked behind the {noun}.
        {He} searched the {noun} <how>.
        {He} walked <how> past the {noun}.
        From the {noun} came <sound>.
        {He} listened at the {noun} and heard <sound>.
        {petname} sniffed at the {noun}, which smelled of <smell>.
        Near the {noun} there was a smell of <smell>.
        {hero} knocked on the {noun} [once|twice|three times].
        {He} lifted the {noun} and found only [dust|a dead moth|a button|a <colour> thread].
        By <light> the {noun} looked [larger|older|almost alive|like a face].
        {He} held {his} {keep} against the {noun}, but nothing happened.
        {He} crept <how> from the {noun} to the {noun2}.
        For <while> {he} sat beside the {noun} and ate <food>.
        The {clue} pointed to the {noun}, and the {noun} pointed nowhere.
    """),
    ),
    Beat(
        "block",
        (0.1, 0.9),
        False,
        _lines("""
        But {a} {obstacle} stood in {his} way.
        Then {he} came to {a} {obstacle} and could not go on.
        Just before the {noun} {he} was stopped by {a} {obstacle}.
        "Go back," somebody <said>, and there before {him} was {a} {obstacle}.
        Beyond the {noun} waited {a} {obstacle}, worse than {he} had feared.
        {He} had not reckoned with {a} {obstacle}.
        <Time> everything went wrong, for {he} met {a} {obstacle}.
        Even {petname} would not go near the {obstacle}.
    """),
    ),
    Beat(
        "feel",
        (0.3, 0.6, 0.1),
        True,
        _lines("""
        {hero} felt <feeling>.
        {He} was <feeling> and <feeling>.
        For <while> {he} felt <feeling>.
        {He} sat down beside the {noun} and felt <feeling>.
        {His} heart was [cold|heavy|loud|like a drum].
        "I am only {a} {role}," {he} <said>.
        {He} held {his} {keep} tight and tried not to feel <feeling>.
        {He} wanted to go home and eat <food>.
        {petname} pressed against {him}, as {a} {pet} will when somebody is <feeling>.
        Never had {hero} been so <feeling>.
    """),
    ),
    Beat(
        "help",
        (0.25, 0.75),
        False,
        _lines("""
        Then {friend}, {his} {relation}, came to help.
        {His} {relation} {friend} brought <food> and [good advice|a rope|a lamp|an old song].
        "Do not give up," <said> {friend}, {his} {relation}.
        {friend} was {his} {relation}, and {friend} knew the {noun} well.
        By chance {his} {relation} {friend} passed by with <food>.
        "You are not alone," <said> {his} {relation} {friend}, "and I know this {noun}."
        {He} wrote to {his} {relation} {friend}, who came after <while>.
        {friend}, the {relation} whom {he} trusted least, held out a hand.
    """),
    ),
    Beat(
        "try",
        (0, 0.7, 0.3),
        True,
        _lines("""
        {He} leaned against the {noun} with all {his} weight.
        {He} tried again, this time <how>.
        {He} turned the {noun} [left|right|upside down] and waited.
        {He} climbed over the {noun} and did not look back.
        {He} used {his} {keep} to open the {noun}.
        {hero} closed {his} eyes and counted to [three|seven|ten|a hundred].
        {petname} the {pet} found a way past the {noun}.
        {friend} held the {noun} while {hero} crawled under it.
        {He} laid the {clue} on the {noun} and read it <how>.
        {He} sang to the {noun} until there was <sound>.
        {He} took a deep breath that tasted of <smell>.
        {He} worked <how> for <while>.
    """),
    ),
    Beat(
        "turn",
        (0, 1),
        False,
        _lines("""
        Suddenly the {noun} moved, and there was <light>.
        All at once there was <sound>, and the {obstacle} was gone.
        Then {he} understood that the {clue} was [a key|a warning|a joke|upside down].
        The {noun} opened <how>, and <light> poured out.
        At that moment {his} {keep} began to [glow|sing|hum|tremble].
        With <sound>, the {noun} turned <colour>.
        It was {petname} who first saw the <colour> door beside the {noun}.
        "Look," <said> {friend}, "the {noun} is not {a} {noun2} at all."
        The {obstacle} bowed <how> and let {him} pass.
    """),
    ),
    Beat(
        "find",
        (0, 1),
        False,
        _lines("""
        And there was the {thing}.
        There, behind the {noun}, {hero} found the {thing}.
        At last {he} stood before the {thing}, and it smelled of <smell>.
        By <light> {he} saw the {thing}, [smaller|larger|lovelier|older] than in any dream.
        The {thing} had been beside the {noun} all along.
        {hero} and {friend} had found the {thing}.
        {He} touched the {thing} <how>, and it was [real|warm|cold as glass].
        What the {clue} had promised was true: here was the {thing}.
        The {thing} was <colour>, and it was waiting for {him}.
    """),
    ),
    Beat(
        "joy",
        (0.1, 0.9),
        False,
        _lines("""
        {hero} was <gladness>.
        {He} laughed until there were tears in {his} eyes.
        "So it was here," <said> {hero}, <gladness>.
        For the first time in <while> {he} felt <gladness>.
        {He} hugged {petname} and was <gladness>.
        {friend} and {hero} danced around the {noun}.
        {He} thanked {friend} and shared <food> with <people>.
        {He} wept a little, and then {he} was <gladness>.
        {hero} left {his} {keep} there as a gift.
        That evening <people> rang [the bells|every bell but one], and {he} felt <gladness>.
    """),
    ),
    Beat(
        "lesson",
        (0.5, 0.5),
        False,
        _lines("""
        {He} had learned that <lesson>.
        "Now I know that <lesson>," <said> {hero}.
        Since then {hero} has believed that <lesson>.
        {friend} had always told {him} that <lesson>.
        On the {noun} {he} wrote in <colour> letters that <lesson>.
        Perhaps the {thing} was there to teach {him} that <lesson>.
    """),
    ),
    Beat(
        "end",
        (0, 1),
        False,
        _lines("""
        Then {he} went home and slept well.
        And {hero} the {role} was never <feeling> again.
        {He} came home to the {place} with {his} {keep}, and slept for <while>.
        To this day the {thing} is [safe|secret|visited by <people>].
        And if you go to the {place}, you may still see {hero} beside the {noun}.
        {hero} and {petname} went home and ate <food>.
        From that day on, {hero} was no longer just {a} {role}.
        That is the story of the {trait} {role} and the {thing}.
        {He} never told <people>, and neither will I.
        And {friend} and {hero} stayed friends for the rest of their days.
        When {hero} grew old, {he} gave the {clue} to {a} {trait} child.
    """),
    ),
)
