//! What is written: essays about a fen and its trades, recipes, and a naturalist's notebook.
//!
//! Sentences have places in braces. A place keeps its word through one text, so that a text stays
//! with its people and its years.

use std::fmt::Write as _;

use super::{Piece, seed, slug};
use crate::commands::demo::seed::dice::Dice;

/// Words for the places of sentences.
type Words = &'static [(&'static str, &'static [&'static str])];

/// Fills the places of sentences, each with one word for the whole text.
struct Pen {
    dice: Dice,
    words: Words,
    chosen: Vec<(&'static str, String)>,
}

impl Pen {
    fn new(dice: Dice, words: Words) -> Self {
        Self { dice, words, chosen: Vec::new() }
    }

    fn fill(&mut self, sentence: &str) -> String {
        let mut filled = String::new();
        let mut rest = sentence;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(before);
            filled.push_str(&self.word(place));
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    fn word(&mut self, place: &str) -> String {
        if let Some((_, word)) = self.chosen.iter().find(|(known, _)| *known == place) {
            return word.clone();
        }
        let Some((place, words)) = self.words.iter().find(|(known, _)| *known == place) else {
            return String::new();
        };
        let word = (*self.dice.pick(words)).to_owned();
        self.chosen.push((place, word.clone()));
        word
    }

    /// Sentences, each at most once and in any order, as so many paragraphs of so many.
    fn paragraphs(&mut self, sentences: &[&str], count: usize, length: usize) -> Vec<String> {
        let mut left: Vec<&str> = sentences.to_vec();
        let mut paragraphs = Vec::new();
        for _ in 0..count {
            let mut filled = Vec::new();
            for _ in 0..length.min(left.len()) {
                let sentence = drawn(&mut self.dice, &mut left);
                filled.push(begun(&self.fill(sentence)));
            }
            paragraphs.push(filled.join(" "));
        }
        paragraphs
    }
}

/// One of these, which is then gone; they are not empty.
fn drawn<'a>(dice: &mut Dice, left: &mut Vec<&'a str>) -> &'a str {
    let at = dice.within(0, i64::try_from(left.len()).unwrap_or(1));
    left.remove(usize::try_from(at).unwrap_or(0))
}

/// As a sentence begins.
fn begun(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

const ESSAYS: [&str; 20] = [
    "The eel traps of Wicken",
    "A bell for low water",
    "The reed cutters’ calendar",
    "Ropes, and who walked them",
    "The abbot’s windmill",
    "Ink from oak galls",
    "The drowned orchard",
    "Ledgers of the peat diggers",
    "How the dyke was paid for",
    "A winter on the washes",
    "The ferrywoman’s tolls",
    "Bricks from the river bed",
    "The lamp at the sluice",
    "Skates of bone",
    "The wool clerk’s mistake",
    "Names of small rivers",
    "Osier, willow, basket",
    "The parish boat",
    "A census of gates",
    "What the millwright left out",
];

const ESSAY_WORDS: Words = &[
    (
        "person",
        &[
            "Agnes Tull",
            "old Perrin",
            "Joan Marsh",
            "Walter Speechley",
            "the widow Cole",
            "Thomas Gotobed",
        ],
    ),
    (
        "second",
        &[
            "the rector",
            "a surveyor from Ely",
            "her brother",
            "the lock-keeper",
            "a Dutch engineer",
        ],
    ),
    ("place", &["Hollow Fen", "Denny End", "Upware", "the Hundred Foot", "Stretham", "Burnt Mill"]),
    (
        "source",
        &[
            "the vestry book",
            "the drainage accounts",
            "a bundle of letters",
            "the manor rolls",
            "an almanac with notes in its margins",
        ],
    ),
    ("year", &["1683", "1712", "1749", "1788", "1804", "1826", "1851"]),
    ("later", &["1862", "1879", "1893", "1907", "1921"]),
    ("number", &["nineteen", "forty-one", "seven", "two hundred and six", "thirty"]),
    ("fewer", &["eleven", "six", "five", "four"]),
    (
        "sum",
        &[
            "four shillings",
            "a guinea",
            "eleven pence",
            "two pounds and a goose",
            "a third of the catch",
        ],
    ),
    ("season", &["Candlemas", "harvest", "the first frost", "Lammas", "the spring floods"]),
    (
        "thing",
        &[
            "a knotted cord",
            "a tin box",
            "a door with tallies on it",
            "a ruled page",
            "a broken oar",
        ],
    ),
];

const ESSAY_OPENING: &[&str] = &[
    "I first heard of it from {person}, who had kept {thing} at {place} for thirty years and did not think it worth writing down.",
    "The earliest mention is in {source} of {year}, between a fine for a straying cow and the price of candles.",
    "Nobody at {place} could tell me when it began, and everybody could tell me when it stopped.",
    "Most of what is said about it is wrong by about a century.",
];
const ESSAY_MIDDLE: &[&str] = &[
    "In {year} {person} counted {number} of them; there are only {fewer} in {source}, and nobody has explained the difference.",
    "The work was paid at {sum} and stopped at {season}, whatever the weather did.",
    "{second} objected, in writing, and the objection is the only reason we know that it was done at all.",
    "It was never a large trade. It was a sure one, which at {place} counted for more.",
    "You learned it by standing beside somebody who had learned it, and the standing took about seven years.",
    "When the water rose they moved everything to the church, and when it fell they moved most of it back.",
    "What they had instead of a law was {thing}, and it was consulted twice a year.",
    "There is a drawing of it in {source}, made by somebody who had plainly never lifted one.",
    "The road to it is on no map before {later}, but the ruts are older than the hedge.",
];
const ESSAY_END: &[&str] = &[
    "It ended in {later}, on a weekday, without anybody saying so.",
    "{person} showed me where it had stood. There is a dip in the grass, and in a dry summer the dip is green.",
    "I have put {thing} back where I found it. It is not mine, and it is not finished.",
    "What is left of it is a word, and the word is still used at {place} for something else.",
];

/// An essay.
pub fn essay(number: usize) -> Piece {
    let mut pen = Pen::new(Dice::new(seed(1, number)), ESSAY_WORDS);
    let title = ESSAYS[number].to_owned();
    let opening = pen.paragraphs(ESSAY_OPENING, 1, 2).concat();
    let mut text = format!("# {title}\n\n{opening}\n\n");
    let parts = pen.paragraphs(ESSAY_MIDDLE, 3, 3);
    for (heading, part) in ["What was counted", "What it cost", "Who remembered"].iter().zip(parts)
    {
        let _ = write!(text, "## {heading}\n\n{part}\n\n");
    }
    let end = pen.paragraphs(ESSAY_END, 1, 3).concat();
    let _ = writeln!(text, "## The end of it\n\n{end}");
    let description =
        pen.fill("An essay on a trade of the fens, after {source} and what {person} remembered.");
    text_piece(title, description, "essay, fens, local history", text)
}

/// A dish, what is most of it, and how it is made.
const DISHES: [(&str, &str, &str); 20] = [
    ("Barley soup with leeks", "pearl barley", "soup"),
    ("Brown bread with beer", "rye flour", "bread"),
    ("Pickled beetroot", "beetroot", "pickle"),
    ("Lentils with sorrel", "green lentils", "stew"),
    ("Pumpkin soup with sage", "pumpkin", "soup"),
    ("Potato bread", "wheat flour", "bread"),
    ("Gherkins in dill", "small cucumbers", "pickle"),
    ("White beans with tomato", "white beans", "stew"),
    ("Nettle soup", "young nettles", "soup"),
    ("Oat loaf", "oats", "bread"),
    ("Red cabbage, quick pickle", "red cabbage", "pickle"),
    ("Chickpeas and chard", "chickpeas", "stew"),
    ("Celeriac soup", "celeriac", "soup"),
    ("Walnut rolls", "spelt flour", "bread"),
    ("Green tomatoes in vinegar", "green tomatoes", "pickle"),
    ("Mushroom stew", "field mushrooms", "stew"),
    ("Carrot soup with caraway", "carrots", "soup"),
    ("Flatbread for Friday", "wheat flour", "bread"),
    ("Mustard onions", "small onions", "pickle"),
    ("Turnips with butter beans", "turnips", "stew"),
];

const KITCHEN: Words = &[
    ("fat", &["butter", "rapeseed oil", "olive oil"]),
    ("herb", &["thyme", "bay", "marjoram", "lovage"]),
    ("time", &["twenty minutes", "half an hour", "forty minutes"]),
    ("who", &["my aunt", "the cook at the lock", "our neighbour", "the baker’s widow"]),
    ("amount", &["300 g", "500 g", "750 g"]),
];

/// A recipe.
pub fn recipe(number: usize) -> Piece {
    let mut dice = Dice::new(seed(2, number));
    let (title, main, how) = DISHES[number];
    let serves = dice.within(3, 7);
    let mut pen = Pen::new(dice, KITCHEN);
    let (also, steps): (&[&str], &[&str]) = match how {
        "soup" => (
            &["1 onion", "1 l stock", "40 g {fat}", "a little {herb}", "salt, pepper"],
            &[
                "Chop the onion and let it turn soft in the {fat}; it should not brown.",
                "Add MAIN and stir until everything shines.",
                "Pour in the stock, add the {herb} and simmer for {time}.",
                "Crush a third of it against the side of the pot, stir, and taste for salt.",
            ],
        ),
        "bread" => (
            &["10 g salt", "7 g dried yeast", "320 ml lukewarm water", "1 spoon {fat}"],
            &[
                "Mix MAIN, yeast and salt, then the water, until no dry spot is left.",
                "Knead for ten minutes, cover it and let it rise until it is twice its size.",
                "Shape it, brush it with the {fat}, and leave it for another half hour.",
                "Bake it at 220 °C for {time}; it is done when it sounds hollow underneath.",
            ],
        ),
        "pickle" => (
            &[
                "400 ml white vinegar",
                "200 ml water",
                "60 g sugar",
                "2 spoons salt",
                "mustard seed, {herb}",
            ],
            &[
                "Wash MAIN and cut what is larger than a thumb.",
                "Bring vinegar, water, sugar and salt to the boil and let the sugar dissolve.",
                "Pack the jars with mustard seed and {herb}, and pour the hot vinegar over.",
                "Close them at once. They are good after a week and better after three.",
            ],
        ),
        _ => (
            &["2 onions", "2 cloves of garlic", "3 spoons {fat}", "a branch of {herb}", "salt"],
            &[
                "Soften the onions and the garlic in the {fat} over a low fire.",
                "Add MAIN, the {herb} and water to cover it by a finger.",
                "Let it cook for {time} with the lid ajar, and do not stir more than you must.",
                "Salt it at the end. It is better on the second day.",
            ],
        ),
    };
    let mut text = format!("# {title}\n\nServes {serves}.\n\n");
    let _ = writeln!(text, "- {} {main}", pen.fill("{amount}"));
    for each in also {
        let _ = writeln!(text, "- {}", pen.fill(each));
    }
    text.push('\n');
    for (step, words) in (1..).zip(steps) {
        let _ =
            writeln!(text, "{step}. {}", pen.fill(words).replace("MAIN", &format!("the {main}")));
    }
    let _ = writeln!(
        text,
        "\n{}",
        pen.fill("As {who} makes it, who measures nothing and was measured for this.")
    );
    let description = format!(
        "A tested recipe for {serves}: ingredients, four steps, nothing that needs a machine."
    );
    text_piece(title.to_owned(), description, &format!("recipe, {how}, kitchen"), text)
}

const SPECIES: [(&str, &str); 20] = [
    ("Bittern", "Botaurus stellaris"),
    ("Water vole", "Arvicola amphibius"),
    ("Marsh harrier", "Circus aeruginosus"),
    ("Kingfisher", "Alcedo atthis"),
    ("Otter", "Lutra lutra"),
    ("Swallowtail", "Papilio machaon"),
    ("Raft spider", "Dolomedes plantarius"),
    ("Crane", "Grus grus"),
    ("Lapwing", "Vanellus vanellus"),
    ("Redshank", "Tringa totanus"),
    ("Curlew", "Numenius arquata"),
    ("Grass snake", "Natrix helvetica"),
    ("Smooth newt", "Lissotriton vulgaris"),
    ("Emperor dragonfly", "Anax imperator"),
    ("Barn owl", "Tyto alba"),
    ("Brown hare", "Lepus europaeus"),
    ("Snipe", "Gallinago gallinago"),
    ("Water rail", "Rallus aquaticus"),
    ("Reed bunting", "Emberiza schoeniclus"),
    ("Pike", "Esox lucius"),
];

const SEEN: &[&str] = &[
    "Seen from the hide, for as long as I could hold still.",
    "Heard before it was seen, and then not seen for long.",
    "Two together; the second left when I turned the page.",
    "Tracks only, fresh, going the way I had come.",
    "At the far bank, against the light; certain of it, and alone in being certain.",
    "Nothing for two hours, then at my feet.",
    "In the same place as last week, to the yard.",
    "A young one, by its manner.",
];

/// A naturalist's notes on one species, spring to autumn.
pub fn field_notes(number: usize) -> Piece {
    let mut dice = Dice::new(seed(3, number));
    let (name, latin) = SPECIES[number];
    let year = 2018 + number % 6;
    let title = format!("{name}: notes of {year}");
    let mut text = format!(
        "# {title}\n\n*{latin}*, at nine stations between the sluice and the sea wall.\n\n"
    );
    let (mut all, mut remarks) = (0, SEEN.to_vec());
    for month in ["March", "April", "May", "June", "July", "August", "September", "October"] {
        let (day, station, count) = (dice.within(1, 29), dice.within(1, 10), dice.within(1, 7));
        let wind =
            dice.pick(&["still", "light, west", "fresh, north-east", "gusty", "south, warm"]);
        let sky = dice.pick(&["clear", "mist until nine", "overcast", "showers"]);
        all += count;
        let remark = drawn(&mut dice, &mut remarks);
        let _ = write!(
            text,
            "**{day} {month}, station {station}.** Wind {wind}; {sky}. Count {count}. {remark}\n\n"
        );
    }
    let _ = writeln!(text, "Eight visits, {all} counted. What was not certain was not counted.");
    let description = format!(
        "Dated observations of {latin}, with station, wind, sky and count for every visit."
    );
    text_piece(title, description, "nature, observation, wetland", text)
}

fn text_piece(title: String, description: String, tags: &str, text: String) -> Piece {
    Piece {
        file_name: format!("{}.md", slug(&title)),
        title,
        description,
        kind: "text",
        tags: tags.to_owned(),
        language: "en",
        bytes: text.into_bytes(),
    }
}
