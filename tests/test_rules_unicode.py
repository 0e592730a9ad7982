"""Where a word begins and ends, and what is the same word, in the scripts of the world: a sentence a case.

Each case is a term, a text, and what is printed at the place where the term is found; nothing if it must not be found.
What nobody sees on a page is written as an escape.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from alerts import rules as rules_
from alerts.model import Article, Evidence, Rule

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)

CASES = [
    # script, the sentence, the term, the text, the printed words
    ("Latin", "Accents make no difference.", "Reykjavik", "Eruption near Reykjavík", "Reykjavík"),
    ("Latin", "An accent may be a sign of its own.", "Malmö", "Brand i Malmo\u0308", "Malmo\u0308"),
    ("Latin", "Two accents are no more than one.", "iran", "in I\u0301\u0323ran", "I\u0301\u0323ran"),
    ("Latin", "A stroke through a letter may be left out.", "Lodz", "Fire in Łódź", "Łódź"),
    ("Latin", "And may be put in.", "Ørsted", "Orsted sells wind parks", "Orsted"),
    ("Latin", "Vietnamese has strokes and two accents on a letter.", "Da Nang", "Bão đổ bộ Đà Nẵng", "Đà Nẵng"),
    ("Latin", "A letter may stand for two.", "encyclopaedia", "An encyclopædia", "encyclopædia"),
    ("Latin", "And two for one.", "œuvre", "Mise en oeuvre", "oeuvre"),
    ("Latin", "Icelandic thorn is th.", "Thorshavn", "Í Þórshavn", "Þórshavn"),
    ("Latin", "German ß is ss.", "Strasse", "Die Straße brennt", "Straße"),
    ("Latin", "Also in capitals, of which it has two.", "Straße", "STRAẞE UND STRASSE", "STRAẞE"),
    ("Latin", "A beginning may end inside of it.", "Stras*", "im Straßenbau", "Straßenbau"),
    ("Latin", "German spells ö in two letters: that is another word.", "Goering", "Göring", ""),
    ("Latin", "Turkish İ is i.", "istanbul", "İSTANBUL'da deprem", "İSTANBUL"),
    ("Latin", "Turkish ı is i, because its capital is I.", "Diyarbakır", "DIYARBAKIR'da patlama", "DIYARBAKIR"),
    ("Latin", "Whichever of the two somebody types.", "Kirikkale", "Kırıkkale’de", "Kırıkkale"),
    ("Latin", "Ligatures of print are their letters.", "office", "the oﬃce of ﬁnance", "oﬃce"),
    ("Latin", "A beginning may end inside of one.", "fin*", "the ﬁnance bill", "ﬁnance"),
    ("Latin", "Letters as wide as Chinese ones are letters.", "iran", "原油 ＩＲＡＮ 高", "ＩＲＡＮ"),
    ("Latin", "And so are those of mathematics, which some use as bold.", "iran", "𝗜𝗿𝗮𝗻 strikes", "𝗜𝗿𝗮𝗻"),
    ("Latin", "A Cyrillic а in a Latin word is no a: nothing is guessed.", "iran", "Ir\u0430n", ""),
    ("Latin", "An apostrophe ends a word.", "iran", "Iran's oil", "Iran"),
    ("Latin", "Also a curly one.", "iran", "L’Iran cède", "Iran"),
    ("Latin", "Also the one that is a letter to Unicode.", "iran", "L\u02bcIran and Iran\u02bcs", "Iran"),
    ("Latin", "Also the wide one.", "iran", "Iran＇s", "Iran"),
    ("Latin", "And all of them are the same in a term.", "O'Brien", "Mr O\u02bcBrien resigns", "O\u02bcBrien"),
    ("Latin", "The one of Hawaiian too.", "Hawai'i", "Fires in Hawai\u02bbi", "Hawai\u02bbi"),
    ("Latin", "Rings that write Arabic letters in Latin are none.", "Qaida", "al-Qa\u02beida says", "Qa\u02beida"),
    ("Latin", "A hyphen parts words, of whichever kind.", "oil price", "oil\u2011price shock", "oil\u2011price"),
    ("Latin", "A dash too.", "oil price", "oil–price", "oil–price"),
    ("Latin", "A soft hyphen is nothing: it says where a line may break.", "Iranian", "Ira\u00adni\u00adan oil", "Ira\u00adni\u00adan"),
    ("Latin", "So that the piece before it is no word.", "Iran", "Iran\u00adian oil", ""),
    ("Latin", "It is none of the phrase either.", "oil price", "oil pri\u00adce", "oil pri\u00adce"),
    ("Latin", "Not even where accents count.", "exact:Pará", "Gas of Pa\u00adrá", "Pa\u00adrá"),
    ("Latin", "A word joiner is nothing.", "Iran", "Ir\u2060an", "Ir\u2060an"),
    ("Latin", "Signs of direction are nothing, and not told.", "Iran", "\u200eIran\u200f, oil", "Iran"),
    ("Latin", "A blank without width parts words.", "oil price", "oil\u200bprice", "oil\u200bprice"),
    ("Latin", "A blank at which no line breaks is a blank.", "oil price", "oil\u00a0price", "oil\u00a0price"),
    ("Latin", "So is a narrow one.", "25 %", "hausse de 25\u202f%", "25"),
    ("Latin", "An emoji beside a word is no part of it.", "iran", "🇮🇷Iran🔥", "Iran"),
    ("Latin", "Nor is the sign that makes one colourful.", "iran", "☢\ufe0fIran", "Iran"),
    ("Latin", "Nor is a keycap.", "2026", "2026\u20e3 is here", "2026"),
    ("Latin", "A trademark is none.", "Iran", "Iran™ and sons", "Iran"),
    ("Latin", "An underscore parts words.", "iran", "#free_iran_now", "iran"),
    ("Latin", "Digits go on with a word.", "iran", "iran24", ""),
    ("Latin", "Small digits are digits.", "CO2", "less CO₂", "CO₂"),
    ("Cyrillic", "Capitals make no difference.", "Иран", "ИРАН ответил", "ИРАН"),
    ("Cyrillic", "Ё is Е to those who write.", "Королев", "ракета Королёва и Королёв", "Королёв"),
    ("Cyrillic", "Й is no И.", "мои", "мой дом", ""),
    ("Cyrillic", "Й may be a sign of its own.", "Китай", "Кита\u0438\u0306 ответил", "Кита\u0438\u0306"),
    ("Cyrillic", "Stress is printed for learners only.", "замок", "в за\u0301мок", "за\u0301мок"),
    ("Cyrillic", "Macedonian ѓ and ќ are letters.", "Кирил", "Ќирил", ""),
    ("Cyrillic", "Ukrainian ї and і are letters.", "Київ", "КИЇВ і Киів", "КИЇВ"),
    ("Cyrillic", "An apostrophe may be any of three.", "п'ять", "п\u02bcять років", "п\u02bcять"),
    ("Cyrillic", "Endings are asked for by a star.", "Иран", "вокруг Ирана", ""),
    ("Cyrillic", "Then they are found.", "Иран*", "вокруг Ирана", "Ирана"),
    ("Greek", "Capitals lose their accents.", "Αθήνα", "ΑΘΗΝΑ: απεργία", "ΑΘΗΝΑ"),
    ("Greek", "The last sigma is a sigma.", "ΙΡΑΝΟΣ", "ο ιρανος", "ιρανος"),
    ("Greek", "Two dots and an accent are none either.", "Μαΐου", "1η ΜΑΪΟΥ", "ΜΑΪΟΥ"),
    ("Greek", "Old accents are accents.", "Ιράν", "τὸ Ἰρᾶν", "Ἰρᾶν"),
    ("Armenian", "Capitals make no difference.", "Հայաստան", "ՀԱՅԱՍՏԱՆ", "ՀԱՅԱՍՏԱՆ"),
    ("Armenian", "The ligature of e and v has other capitals.", "Երևան", "ԵՐԵՎԱՆ քաղաք", "ԵՐԵՎԱՆ"),
    ("Armenian", "In the old spelling as well.", "Երևան", "Երեւան քաղաք", "Երեւան"),
    ("Armenian", "A question mark stands over a letter.", "Իրան", "Իրա՞ն", "Իրա՞ն"),
    ("Georgian", "The capitals of headlines are new to Unicode.", "საქართველო", "ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ", "ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ"),
    ("Georgian", "Endings are asked for by a star.", "თბილის*", "თბილისში ", "თბილისში"),
    ("Hebrew", "Vowel points make no difference.", "ישראל", "יִשְׂרָאֵל", "יִשְׂרָאֵל"),
    ("Hebrew", "A maqaf is a hyphen.", "תל אביב", "תל־אביב", "תל־אביב"),
    ("Hebrew", "The quote of an abbreviation has a sign of its own.", 'צה"ל', "דובר צה״ל מסר", "צה״ל"),
    ("Hebrew", "Which few people type.", "צה״ל", 'דובר צה"ל מסר', 'צה"ל'),
    ("Hebrew", "What is joined in front makes another word.", "איראן", "מתקפה באיראן", ""),
    ("Arabic", "A hamza may be left out.", "إيران", "ايران ترد", "ايران"),
    ("Arabic", "Vowel points make no difference.", "محمد", "مُحَمَّد يصل", "مُحَمَّد"),
    ("Arabic", "Tatweel stretches a word and says nothing.", "إيران", "إيـــران", "إيـــران"),
    ("Arabic", "Letters may be stored in the shape in which they are printed.", "إيران", "ﺇﻳﺮﺍﻥ ﺗﺮﺩ", "ﺇﻳﺮﺍﻥ"),
    ("Arabic", "A name may be one sign.", "محمد", "الرسول ﷴ", "ﷴ"),
    ("Arabic", "Many write ه for ة.", "القاهرة", "في القاهره", "القاهره"),
    ("Arabic", "And ى for ي.", "علي", "وصل على", "على"),
    ("Arabic", "What is joined in front makes another word.", "إيران", "لإيران", ""),
    ("Arabic", "Arabic commas and questions end words.", "إيران", "إيران؟ إيران،", "إيران"),
    ("Arabic", "Signs of direction inside it are nothing.", "إيران", "إير\u200fان", "إير\u200fان"),
    ("Persian", "Persian has a ی and a ک of its own.", "كي", "کی رفت", "کی"),
    ("Persian", "A joiner shapes a word and is no letter.", "نفتکش", "یک نفت\u200cکش", "نفت\u200cکش"),
    ("Persian", "In the term too.", "نفت\u200cکش", "یک نفتکش", "نفتکش"),
    ("Persian", "A blank in its place makes two words, and another alias.", "نفت\u200cکش", "یک نفت کش", ""),
    ("Persian", "The ending with a joiner is part of the word.", "تحریم", "تحریم\u200cها", ""),
    ("Persian", "And is asked for by a star.", "تحریم*", "تحریم\u200cهای تازه", "تحریم\u200cهای"),
    ("Persian", "A yeh above a heh is no letter.", "خانه", "خانۀ ما", "خانۀ"),
    ("Persian", "Digits are digits in every script.", "25", "تعرفه ۲۵ درصدی", "۲۵"),
    ("Persian", "In the term too.", "۲۰۲۶", "in 2026", "2026"),
    ("Urdu", "Urdu has a heh of its own.", "تهران", "تہران میں", "تہران"),
    ("Devanagari", "Vowel signs are part of the word.", "ईरान", "ईरान पर प्रतिबंध", "ईरान"),
    ("Devanagari", "So that a word without them is another.", "ईर", "ईरान", ""),
    ("Devanagari", "The danda ends a word.", "ईरान", "यह है ईरान।", "ईरान"),
    ("Devanagari", "The dot of loan words may be left out.", "गाज़ा", "गाजा में", "गाजा"),
    ("Devanagari", "And may be part of the letter.", "क़ानून", "\u0958ानून", "\u0958ानून"),
    ("Devanagari", "Joiners only shape it.", "दिल्ली", "दिल्\u200dली में", "दिल्\u200dली"),
    ("Devanagari", "Its digits are digits.", "2026", "२०२६ में", "२०२६"),
    ("Bengali", "A vowel may be written in two parts.", "কোথা", "ক\u09c7\u09beথা", "ক\u09c7\u09beথা"),
    ("Tamil", "A dot over a letter is part of it.", "ஈரான்", "ஈரான் மீது", "ஈரான்"),
    ("Thai", "Words run together.", "อิหร่าน", "รัฐบาลอิหร่านประกาศ", "อิหร่าน"),
    ("Thai", "A tone makes another word of it.", "ปา", "ป่า", ""),
    ("Thai", "A word does not end between a letter and its sign.", "ก", "กำ", ""),
    ("Thai", "The vowel am may be two signs.", "น้ำมัน", "ราคาน\u0e49\u0e4d\u0e32มัน", "น\u0e49\u0e4d\u0e32มัน"),
    ("Thai", "And the tone may be struck after it.", "น้ำมัน", "ราคาน\u0e4d\u0e49\u0e32มันขึ้น", "น\u0e4d\u0e49\u0e32มัน"),
    ("Thai", "A blank without width only says where a line may end.", "น้ำมัน", "ราคาน้ำ\u200bมันขึ้น", "น้ำ\u200bมัน"),
    ("Khmer", "As in Khmer, which has one between all words.", "អ៊ីរ៉ង់", "ប្រទេស\u200bអ៊ីរ៉ង់\u200bបាន", "អ៊ីរ៉ង់"),
    ("Burmese", "Its signs are part of the letter.", "တ", "တို့", ""),
    ("Tibetan", "Vowels are part of a syllable.", "བད", "བོད་", ""),
    ("Ethiopic", "Its full stop ends a word.", "ኢራን", "ኢራን።", "ኢራን"),
    ("Han", "Words run together.", "伊朗", "美国对伊朗实施制裁", "伊朗"),
    ("Han", "A blank in a phrase may be there or not.", "伊朗 制裁", "对伊朗制裁", "伊朗制裁"),
    ("Han", "It may be as wide as a letter.", "伊朗 制裁", "伊朗\u3000制裁", "伊朗\u3000制裁"),
    ("Han", "But where the term has none, the text has none.", "伊朗制裁", "伊朗 制裁", ""),
    ("Han", "Punctuation is no letter.", "伊朗", "（伊朗）", "伊朗"),
    ("Han", "Where Latin begins, a word ends.", "5G", "华为5G网络", "5G"),
    ("Han", "Letters for old code pages are the letters.", "神奈川", "\ufa19奈川県", "\ufa19奈川"),
    ("Han", "Letters beyond the first 65,536 are letters.", "𠮷野家", "𠮷野家が値上げ", "𠮷野家"),
    ("Han", "And are not parted.", "野家", "𠮷野家", "野家"),
    ("Han", "Which shape of a letter is meant makes no difference.", "葛城", "葛\U000e0100城市", "葛\U000e0100城"),
    ("Han", "Short and long forms are other letters: list both.", "中国", "中國", ""),
    ("Kana", "Narrow letters are letters.", "イラン", "ｲﾗﾝ情勢", "ｲﾗﾝ"),
    ("Kana", "A narrow voicing mark belongs to its letter.", "ガザ", "ｶﾞｻﾞ地区", "ｶﾞｻﾞ"),
    ("Kana", "A mark of its own too.", "ガザ", "カ\u3099サ\u3099地区", "カ\u3099サ\u3099"),
    ("Kana", "And makes another letter of it.", "カサ", "ガザ", ""),
    ("Kana", "However it is stored.", "カ", "カ\u3099ザ", ""),
    ("Kana", "Hiragana is another word.", "イラン", "いらん", ""),
    ("Kana", "A middle dot parts words.", "ドナルド トランプ", "ドナルド・トランプ氏", "ドナルド・トランプ"),
    ("Hangul", "A particle is joined to a word.", "중국", "중국은 반대", "중국"),
    ("Hangul", "And so is what stands before it.", "제재", "대북제재 확대", "제재"),
    ("Hangul", "A syllable may be stored in its letters.", "이란", "\u110b\u1175\u1105\u1161\u11ab은", "\u110b\u1175\u1105\u1161\u11ab"),
    ("Hangul", "A syllable with one letter more is another.", "가", "각", ""),
    ("Hangul", "Also if that letter is stored by itself.", "가", "\u1100\u1161\u11a8", ""),
    ("Hangul", "Blanks of a phrase may be left out.", "이란 제재", "對이란제재안", "이란제재"),
    ("Hangul", "A particle between the words of a phrase parts them.", "이란 제재", "이란의 제재", ""),
    ("Hangul", "Where Latin begins, a word ends.", "AI", "AI기술", "AI"),
    ("Hangul", "Chinese letters beside it are a word.", "北韓", "北韓은", "北韓"),
]  # fmt: skip


def found(term: str, text: str) -> list[Evidence]:
    compiled = rules_.compile([Rule("r", "R", any=(term,))], {})
    met = rules_.match(Article("a", "v", "f", "O", "https://a.example/1", "", text, NOON), compiled)
    return [*met.hits[0].evidence] if met else []


@pytest.mark.parametrize(
    ("script", "why", "term", "text", "words"), CASES, ids=[f"{case[0]}: {case[1]}".encode().decode("ascii", "ignore") for case in CASES]
)  # fmt: skip
def test_a_word_of_any_script(script: str, why: str, term: str, text: str, words: str) -> None:
    """Twice: a text with an emoji in it is folded in another way than one that Windows-1252 can write."""
    for printed in (text, f"🗞 {text}"):
        told = found(term, printed)
        assert [one.words for one in told] == ([words] if words else []), f"{script}: {why}"
        assert [printed[one.start : one.end] for one in told] == [one.words for one in told]


def test_there_are_cases_enough() -> None:
    scripts = Counter(case[0] for case in CASES)
    assert len(CASES) >= 130
    assert len(scripts) >= 20
    assert sum(not case[-1] for case in CASES) > 20
    assert len({case[:2] for case in CASES}) > len(CASES) - 12, "a sentence is told twice of one script"


def test_a_hebrew_abbreviation_may_stand_anywhere_in_an_expression() -> None:
    """Its quote stands between two letters, and opens no phrase."""
    compiled = rules_.compile([Rule("r", "R", match='"דובר צה"ל" AND (צה"ל OR iran) AND NOT חז"ל')], {})
    article = Article("a", "v", "f", "O", "https://a.example/1", "", 'דובר צה"ל מסר', NOON)
    met = rules_.match(article, compiled)
    assert met is not None
    assert [one.words for one in met.hits[0].evidence] == ['דובר צה"ל', 'צה"ל']
