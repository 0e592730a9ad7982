"""Where sentences end: a case a line, in every script; nothing is lost or changed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.summaries.sentences import is_whole, sentences

CASES = [
    ("two plain sentences are two", "Shops closed. Streets were empty.", 2),
    ("U.S. ends no sentence before a noun", "The U.S. military said on Monday it had left. Nobody replied.", 2),
    ("U.S. at the end of a sentence ends it", "He flew back to the U.S. The talks went on without him.", 2),
    ("U.S. before a name", "U.S. President Donald Trump spoke. The U.N. Security Council met.", 2),
    ("a title before a name", "Mr. Araghchi met Gen. Smith and Dr. Lee. They shook hands.", 2),
    ("initials of a name", "J. D. Vance and George W. Bush spoke. John F. Kennedy did not.", 2),
    ("decimals and money", "Prices rose 4.8 percent to $1.25 a litre. Wages fell 0.5 percent.", 2),
    ("a version or a web address", "The site example.com was blocked. Version 2.0 came out.", 2),
    ("a quotation that ends inside its marks", "“We will not yield,” he said. “We never have.” The crowd cheered.", 3),
    ("a straight quotation", '"No deal is near." That was the word from Vienna.', 2),
    ("a question in a quotation that goes on", "“Is it over?” she asked. Nobody knew.", 2),
    ("an ellipsis in the middle", "The talks... went on for days. Then they stopped.", 2),
    ("an ellipsis before a new sentence", "They waited… Nobody came.", 2),
    ("a month", "The deadline is Jan. 15 for both. It will be met.", 2),
    ("a company", "Apple Inc. said profits rose. Alphabet Inc. did not comment.", 2),
    ("a number", "Resolution No. 2231 expired. It was of 2015.", 2),
    ("a.m. and p.m.", "It began at 5 a.m. on Monday. It ended at 7 p.m. Police then left.", 3),
    ("a dateline", "WASHINGTON (AP) — The Senate voted on Tuesday. It was close.", 2),
    ("brackets after the end", "He resigned (after the vote.) His party was silent.", 2),
    ("exclamation and question together", "Really?! Nobody believed it. They do now.", 3),
    ("no blank after the stop", "Exports fell.Imports rose in June.", 2),
    ("e.g. and i.e.", "Some goods, e.g. steel, are exempt. Others, i.e. cars, are not.", 2),
    ("vs. and etc.", "It was Iran vs. Iraq etc. The rest was noise.", 2),
    ("St. and Ft.", "St. Petersburg was quiet. So was Ft. Worth.", 2),
    ("a name of a political party", "Sen. Mark Kelly, D-Ariz., voted no. Rep. Liz Ray, R-Ohio, did too.", 2),
    ("German ordinals and abbreviations", "Am 3. Juli tagte der Rat. Er sprach u. a. über Zölle, z. B. auf Stahl.", 2),
    ("French guillemets", "« Nous partons », dit M. Dupont. Il est parti à 5 h.", 2),
    ("Spanish marks and titles", "¿Qué pasó? El Sr. Gómez no lo sabe. ¡Nadie lo sabe!", 3),
    ("Polish abbreviations", "Wczoraj, m.in. w Warszawie, odbył się protest. Trwał ok. 3 godzin.", 2),
    ("Russian", "В 2025 г. санкции вернулись. Это признал М. Захаров.", 2),
    ("Korean", "미국이 관세를 부과했다. 이란은 반발했다. 중국은 침묵했다.", 3),
    ("Korean with decimals and a quotation", '수출은 4.8% 늘었다. 그는 "협상은 없다."라고 말했다. 회담은 끝났다.', 3),
    ("Persian", "بازار تهران تعطیل شد. اینترنت قطع است. آیا اعتراض\u200cها ادامه دارد؟ کسی نمی\u200cداند.", 4),
    ("Persian with a quotation and a decimal", "او گفت: «مذاکره نمی\u200cکنیم.» نرخ دلار ۴.۸ درصد بالا رفت.", 2),
    ("Arabic", "أغلقت المتاجر أبوابها. هل تستمر الاحتجاجات؟ لا أحد يعرف.", 3),
    ("Urdu", "تہران میں دکانیں بند رہیں۔ انٹرنیٹ بھی بند تھا۔", 2),
    ("Chinese without blanks", "美国宣布加征关税。伊朗表示反对。中国呢？没有回应！", 4),
    ("Chinese with a quotation", "他说：“我们不会谈判。”会议结束了。", 2),
    ("Japanese", "米国は関税を発表した。イランは反発した。", 2),
    ("Japanese quotation inside a sentence", "首相は「交渉はしない。」と述べた。会議は終わった。", 2),
    ("Hindi", "दुकानें बंद रहीं। इंटरनेट भी बंद था।", 2),
    ("Hebrew", "החנויות נסגרו. איש לא ענה.", 2),
    ("Armenian and Amharic stops", "Խանութները փակվեցին։ Ոչ ոք չպատասխանեց։", 2),
    ("Thai, by blanks between clauses long enough", "ร้านค้าในกรุงเตหะรานปิดทำการเป็นวันที่สาม อินเทอร์เน็ตถูกตัดในเกือบทั้งประเทศ", 2),
]


@pytest.mark.parametrize(("why", "text", "count"), CASES, ids=[case[0] for case in CASES])
def test_sentences_end_where_a_reader_ends_them(why: str, text: str, count: int) -> None:
    assert len(sentences(text)) == count, sentences(text)


PLACES = [
    ("the stop belongs to its sentence", "It ended. Nobody came.", ("It ended.", "Nobody came.")),
    ("so do the marks that close a quotation", "“We left.” They did.", ("“We left.”", "They did.")),
    ("what follows the last stop is one more", "It ended. Nobody c", ("It ended.", "Nobody c")),
    ("a text without a stop is one", "Protests in Iran", ("Protests in Iran",)),
    ("a text without words is none", " ", ()),
    ("a stop alone is what is there", "...", ("...",)),
    ("no answer is no abbreviation", "He said no. The talks ended.", ("He said no.", "The talks ended.")),
]


@pytest.mark.parametrize(("why", "text", "found"), PLACES, ids=[case[0] for case in PLACES])
def test_what_a_sentence_holds(why: str, text: str, found: tuple[str, ...]) -> None:
    assert sentences(text) == found


WHOLE = [
    ("a full stop", "It ended.", True),
    ("one inside the marks", "He said: “It ended.”", True),
    ("one of another script", "美国宣布加征关税。", True),
    ("an ellipsis says that something is missing", "It ended…", False),
    ("three dots too", "driven by economic woes continued t...", False),
    ("no stop at all", "driven by economic", False),
]


@pytest.mark.parametrize(("why", "sentence", "whole"), WHOLE, ids=[case[0] for case in WHOLE])
def test_what_is_a_whole_sentence(why: str, sentence: str, whole: bool) -> None:
    assert is_whole(sentence) is whole


PIECES = st.sampled_from([case[1] for case in CASES] + [".", "…", "U.S.", "。”", '"', "(", " ", "A", "a. B", "\n"])


@given(st.lists(PIECES | st.text(max_size=20), max_size=8).map("".join))
def test_nothing_is_lost_or_changed(text: str) -> None:
    found = sentences(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    at = 0
    for sentence in found:
        at = text.index(sentence, at) + len(sentence)


@pytest.mark.parametrize(
    "text", ["." * 50_000, "a." * 25_000, "A. " * 20_000, "“" * 50_000, "ก " * 25_000, " " * 50_000]
)
def test_a_hostile_text_is_split_in_time(text: str) -> None:
    began = time.perf_counter()
    sentences(text)
    assert time.perf_counter() - began < 2
