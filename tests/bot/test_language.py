"""The language guess offers what is surely another language, and above all never takes English for something else."""

from __future__ import annotations

import ast
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.safeguards import language
from bot.safeguards.language import Detector, build, detect, guess, language_filter

SUPPORTED = frozenset(
    {"en", "gd", "pl", "uk", "ru", "ar", "fa", "ur", "ps", "ku", "pa", "zh", "ti"}
    | {"ro", "bg", "lt", "lv", "tr", "so", "es", "pt", "fr", "it", "de", "vi"}
)

SURE = {
    "gd": ["Tha mi duilich", "chan eil mi a' tuigsinn", "Ciamar a tha thu an-diugh?", "'s toil leam an sgoil agam"],
    "pl": ["Nie rozumiem po angielsku", "czesc, mam na imie Ola", "boję się", "dzięki, jest dobrze"],
    "uk": ["Я не розумію", "мені дуже сумно без мами", "Чи можна українською?", "дякую"],
    "ru": ["я не понимаю", "мне плохо, никто меня не слушает", "Можно по-русски?", "здравствуйте"],
    "ar": ["لا أفهم اللغة الإنجليزية", "أريد أن أتكلم مع أمي", "شكرا جزيلا"],
    "fa": ["من نمی‌فهمم", "می‌خواهم با کسی صحبت کنم", "خیلی ممنون دوست من"],
    "ur": ["مجھے آپ کی بات سمجھ نہیں آئی", "میں ٹھیک ہوں", "مجھے اپنی امی سے بات کرنی ہے"],
    "ps": ["زه نه پوهېږم", "زه غواړم له خپلې مور سره خبرې وکړم", "ډېره مننه"],
    "ku": ["Ez fêm nakim", "ez dixwazim bi dayika xwe re biaxivim", "من تێناگەم", "زۆر سوپاس"],
    "pa": ["ਮੈਨੂੰ ਸਮਝ ਨਹੀਂ ਆਈ", "ਠੀਕ ਹੈ"],
    "zh": ["我听不懂", "我想和妈妈说话", "谢谢", "我喜欢玩Minecraft"],
    "ti": ["ኣይተረድኣንን", "ምስ ኣደይ ክዛረብ እደሊ", "የቐንየለይ"],
    "ro": ["Nu înțeleg nimic", "vreau sa vorbesc cu mama mea", "mulțumesc mult"],
    "bg": ["Не разбирам нищо", "искам да говоря с майка ми", "благодаря ви"],
    "lt": ["Aš nieko nesuprantu", "noriu pasikalbėti su mama", "ačiū labai"],
    "lv": ["Es neko nesaprotu", "gribu runāt ar mammu", "liels paldies"],
    "tr": ["Hiçbir şey anlamıyorum", "annemle konusmak istiyorum", "çok teşekkürler"],
    "so": ["Ma fahmin waxaad tiri", "waxaan rabaa inaan la hadlo hooyaday", "mahadsanid walaal"],
    "es": ["No entiendo nada de esto", "quiero hablar con mi madre", "muchas gracias"],
    "pt": ["Não entendo nada disto", "quero falar com a minha mãe", "muito obrigado"],
    "fr": ["Je ne comprends rien", "je veux parler avec ma mère", "merci beaucoup"],
    "it": ["Non capisco niente", "voglio parlare con la mia mamma", "grazie mille"],
    "de": ["Ich verstehe das nicht", "ich möchte mit meiner Mutter sprechen", "vielen Dank"],
    "vi": ["Tôi không hiểu gì cả", "con muốn nói chuyện với mẹ", "cảm ơn bạn"],
}

ENGLISH = (
    """
help|stop|no thanks|my mum is ill|nobody listens to me anyway|i dont want to talk about it|can i see my brother
it was pure mince|ma social worker never phones us back|am no gaun tae school the day|haud yer wheesht|dinnae ken
whit d'ye mean|aye its awright ken|naw am fine ta|cannae be bothered wi it|ma wee sister stays wi oor granny|gonnae no
fit like the day|far aboots are ye|ah dinna ken fit tae dae|jist scunnered|greetin masel tae sleep|didny get telt
idk tbh|wdym lol|nvm its fine|ngl she was peng|cba wi the contact centre|hmu l8r|omg stoppp|yesss pls|noooooo
im in p7|s3|mr mackenzie is a good teacher|Aaron McAllister|Siobhan O'Donnell|Agnes|Kilmarnock|Auchtermuchty|Milngavie
Ecclefechan primary|Drumchapel high|Zoë and Chloë|Beyoncé|at the café wi ma da|Mohammed|Wojciech|Ayesha|Svetlana
Giovanni
football|dance class and guitar|homework club|caravan|drama practice|double maths then history|geography trip
chicken nuggets|spaghetti bolognese|pizza n chips|fajitas|sushi|lasagne|croissant|macaroni cheese|tikka masala|haribo
adventure playground|trampoline park|pineapple|avocado|banana|salami sandwich|piano lessons|karate|tuba|cello
dungeons n dragons|pokemon|mario kart|fortnite emote|mandalorian|encanto|moana|elsa
she made me laugh|he came home late|son|come|pain|more|to do|die hard|an old man sat on a log|sale|fin|pour me one
respectful|polite and friendly|understanding|confidential|unfairness|respite carer|independent advocate|permanence order
rural transport|unreliable internet|expensive trainers|depressing atmosphere|dismissive|patronising|reliable
a member of the panel interrupted|residential unit manager|occasional visits|supervised visit
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

NOTHING = [
    *["", " ", "\n\t", "\x00", "0", "1", "3", "10/10", "07700 900123", "14:30", "?!", "...", "-"],
    *["👍", "😂😂😂", "❤️", ":)", "a", "no", "na", "si", "da", "да", "не", "لا", "y", "ʼ'’", "ﷺ"],
    *["STOP", "HELP", "START", "ok", "OK!", "lol", "hahaha", "\ud800", "\u200f\u202e\u200b"],
    *["http://example.com/nie", "ola@example.org", "@kasia #love"],
    *["Привет мой друг hello friend", "hello 你好你好 there friend"],
    *["αυτό είναι ελληνικά", "나는 한국어를 해요", "これは日本語です", "मुझे समझ नहीं आया", "ខ្ញុំ", "אני לא מבין"],
    *["አልገባኝም", "እባክህ እርዳኝ", "mujhe samajh nahi aaya yaar", "menu nahi pata", "wallah habibi"],
    *["nuk e kuptoj asgje", "ik begrijp het niet", "ja nic nevim protože"],
]

HOSTILE = [
    "a" * 1600,
    "\x00" * 1600,
    "\ud800" * 1600,
    "ﷺ" * 1600,
    "é" * 1600,
    "i\u0307" * 800,
    "😂" * 1600,
    "'" * 1600,
    "a'" * 800,
    "ы" * 1600,
    "ہ" * 1600,
    "\u0301" * 1600,
    "http://" * 250,
    "W W " * 400,
    "İ" * 1600,
    "xyz " * 400,
]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return build(SUPPORTED)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in SURE.items() for text in texts])
def test_a_text_that_is_surely_another_language_is_offered(code: str, text: str, detector: Detector) -> None:
    assert detect(text, SUPPORTED, "en", detector) == code


@pytest.mark.parametrize("text", ENGLISH)
def test_english_in_all_its_kinds_is_never_taken_for_another_language(text: str, detector: Detector) -> None:
    assert guess(text, detector) in {"en", None}
    assert detect(text, SUPPORTED, "en", detector) is None


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_language_or_none_of_ours_is_not_guessed(text: str, detector: Detector) -> None:
    assert detect(text, SUPPORTED, "en", detector) is None
    assert detect(text, SUPPORTED, "pl", detector) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_raises(text: str, detector: Detector) -> None:
    assert guess(text, detector) in {None, *SUPPORTED}


def test_only_a_supported_language_is_offered(detector: Detector) -> None:
    assert detect("Nie rozumiem po angielsku", frozenset({"en", "uk"}), "en", detector) is None
    assert detect("Nie rozumiem po angielsku", frozenset({"en", "pl"}), "en", detector) == "pl"


def test_the_current_language_is_not_offered_again(detector: Detector) -> None:
    assert detect("Nie rozumiem po angielsku", SUPPORTED, "pl", detector) is None


@pytest.mark.parametrize(
    "text", ["can we speak english please", "i dont get this", "english", "ah dinnae ken whit ye mean"]
)
def test_a_return_to_english_is_offered(text: str, detector: Detector) -> None:
    assert detect(text, SUPPORTED, "pl", detector) == "en"


@pytest.mark.parametrize("text", ["yes", "help", "Sarah", "tak ok", "glasgow", "Tesco", "dobrze, thanks", "2", "tak"])
def test_one_english_word_or_name_is_no_return_to_english(text: str, detector: Detector) -> None:
    assert detect(text, SUPPORTED, "pl", detector) is None


def test_two_fresh_detectors_agree_on_every_text() -> None:
    first, second = build(SUPPORTED), build(sorted(SUPPORTED, reverse=True))
    texts = [*ENGLISH, *NOTHING, *(text for texts in SURE.values() for text in texts)]
    assert [guess(text, first) for text in texts] == [guess(text, second) for text in texts]


def test_the_same_detector_answers_the_same_after_other_texts(detector: Detector) -> None:
    texts = [text for texts in SURE.values() for text in texts]
    assert [guess(text, detector) for text in texts] == [guess(text, detector) for text in reversed(texts)][::-1]


def test_a_supported_language_without_a_word_list_is_heard_but_not_offered_on_langdetects_word_alone() -> None:
    detector = build({"en", "hu"})
    assert "hu" in detector.factories["latin"].get_lang_list()
    text = "nem tudom hogy mit csináljak most ezzel a dologgal"
    assert detect(text, frozenset({"en", "hu"}), "en", detector) is None


def test_only_wanted_profiles_are_loaded(detector: Detector) -> None:
    loaded = {code for factory in detector.factories.values() for code in factory.get_lang_list()}
    assert loaded == SUPPORTED - {"gd", "ku", "ps", "pa", "zh", "ti"}


def test_langdetect_is_never_asked_through_its_module_level_functions() -> None:
    for path in Path(language.__file__).parent.glob("language*.py"):
        assert not set(_imported_from_langdetect(path)) - {"DetectorFactory", "LangDetectException"}


def _imported_from_langdetect(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("langdetect"):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("langdetect"))


def test_the_filter_adds_the_language_and_keeps_the_rest(detector: Detector) -> None:
    line = {"text": "merci beaucoup", "id": 7}
    assert language_filter(line, detector) == {"text": "merci beaucoup", "id": 7, "lang": "fr"}


@pytest.mark.parametrize("line", [{}, {"text": None}, {"text": 3}, {"text": ["merci"]}, {"txt": "merci"}])
def test_the_filter_answers_a_bad_line_with_an_error(line: dict[str, object], detector: Detector) -> None:
    out = language_filter(line, detector)
    assert out["lang"] is None
    assert isinstance(out["error"], str)


@pytest.mark.skipif("HEARD_SHARED_DATA" not in os.environ, reason="needs the development data")
def test_the_development_figures_do_not_sink(detector: Detector) -> None:
    path = Path(os.environ["HEARD_SHARED_DATA"]) / "language" / "dev.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    tally: Counter[str] = Counter()
    for row in rows:
        tally.update(_kinds(row, detect(row["text"], SUPPORTED, "en", detector)))
    assert tally["english false"] <= 0.01 * tally["english"]
    assert tally["home false"] <= 0.01 * tally["home"]
    assert tally["sms wrong"] <= 0.02 * tally["sms"]
    assert tally["sms right"] >= 0.96 * tally["sms"]
    assert tally["replies right"] >= 0.87 * tally["replies"]
    assert tally["own script wrong"] == 0


def _kinds(row: dict[str, str], found: str | None) -> Iterator[str]:
    groups = {
        "english": row["lang"] in {"en", "und"},
        "home": row["source"] in {"uci-uk-sms", "textspeak"},
        "sms": row["length_class"] == "sms" and row["lang"] != "en",
        "replies": row["source"] == "replies" and row["lang"] != "en",
        "own script": row["lang"] in {"pa", "zh", "ti"},
    }
    for group in (name for name, inside in groups.items() if inside):
        yield group
        if found is not None:
            yield f"{group} {_outcome(row, found)}"


def _outcome(row: dict[str, str], found: str) -> str:
    if row["lang"] in {"en", "und"}:
        return "false"
    return "right" if found == row["lang"] else "wrong"
