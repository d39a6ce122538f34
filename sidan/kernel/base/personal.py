"""Finds what a person could be known by in a text: numbers, plates, names with a title, doors. For masks, never for lists.

A finder cannot know everything that a sentence betrays. So a public text is shown to its author before it is sent.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

PHONE, IDENTITY, NUMBER, PLATE, MAIL, NAME, DOOR = "phone", "identity", "number", "plate", "mail", "name", "door"
EVERYTHING = (PHONE, IDENTITY, NUMBER, PLATE, MAIL, NAME, DOOR)
MASK = "***"

# Full-width letters, digits and signs as plain ones, a mark for a mark, so that places in the text stay the same.
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0) not in ",!?:;()"}
_DASHES = dict.fromkeys(map(ord, "—–‐‑−－"), "-")
_PLAIN = str.maketrans({**{code: chr(to) for code, to in _WIDE.items()}, **{code: to for code, to in _DASHES.items()}})

_SAID = "零〇一幺二两三四五六七八九"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_AREA = r"(?:0\d{2,3}[ -]?)"
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rule))
    for kind, rule in (
        (MAIL, r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
        (MAIL, r"(?<=微信)(?:号码?)?\s*(?:是|为|[:：])?\s*[A-Za-z][A-Za-z0-9_-]{5,19}"),
        (NUMBER, r"(?i:(?<=qq))(?:号码?)?\s*(?:是|为|[:：])?\s*\d{5,12}"),
        (
            IDENTITY,
            r"(?<!\d)\d{6} ?(?:19|20)\d{2} ?(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]) ?\d{3}[\dXx](?![\dA-Za-z])",
        ),
        (PHONE, r"(?<![\d.])(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![\d])"),
        (PHONE, rf"(?<![\d.]){_AREA}[2-9]\d{{6,7}}(?!\d)"),
        (PHONE, rf"(?<![{_SAID}])[一幺][{_SAID}]{{10}}(?![{_SAID}])"),
        (NUMBER, r"(?<![\d.])\d(?:[ -]?\d){6,}(?!\d|\s?[元块万吨米平])"),
        (
            PLATE,
            rf"[{_PROVINCES}][A-HJ-Z][·•. -]?(?=[A-Z0-9]*\d)[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警领]",
        ),
    )
)
_WEIGHTS, _CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金"
    "陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅"
    "庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池"
    "滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗"
)
_TWO = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|司徒|长孙|夏侯|端木|百里|南宫"
# Among these are words that stand before any title ("向主任反映", "全体老师"): alone they are no name there.
_ALSO_WORDS = "向和与同对从给跟被让由于及各全名常时当成安方高明单计都来连盖原关管项路石水门华文强简位将曾解查任应包游强席商畅封官宗"
_POLITE = (
    "先生|女士|小姐|太太|师傅|大爷|大妈|大娘|大伯|大叔|大姐|大哥|"
    "大嫂|阿姨|叔叔|伯伯|婆婆|爷爷|奶奶|嬢嬢|孃孃|老汉|婆|嬢"
)
_OFFICE = (
    "主任|书记|经理|老板|老师|医生|护士|警官|局长|科长|处长|院长|校长|"
    "队长|组长|站长|所长|村长|镇长|会计|律师|教练|网格员|支书|同志|工程师"
)
_IS = "(?:是|叫|为|[:：])"
_WORDED = rf"我叫|名叫|(?:姓名|联系人|经办人){_IS}?|(?:户主|业主|本人(?:姓名)?){_IS}"
_COMMON = "王李张刘陈杨赵吴徐孙胡朱郭罗谢韩唐冯董曹袁邓沈彭吕蒋蔡丁魏薛潘杜谭廖邹熊秦冉"
_NAMES = tuple(
    re.compile(rule)
    for rule in (
        rf"(?P<who>(?:{_TWO}|[{_SURNAMES}])[一-鿿]{{0,2}}?)(?:{_POLITE})",
        rf"(?P<who>(?:{_TWO}|[{_SURNAMES}])[一-鿿]{{1,2}}?)(?:{_OFFICE})",
        rf"(?P<who>(?:{_TWO}|(?![{_ALSO_WORDS}])[{_SURNAMES}]))(?:{_OFFICE})",
        rf"(?:{_WORDED})\s*(?P<who>(?:{_TWO}|[{_SURNAMES}])[一-鿿]{{1,2}})",
        rf"我是(?P<who>(?:{_TWO}|[{_SURNAMES}])[一-鿿]{{1,2}})(?=[，。、,.；;！!\s]|$)",
        rf"(?:邻居|住户|村民|居民|业主|租户|房东)(?P<who>[{_COMMON}][一-鿿]{{1,2}})(?=[，。、,.；;！!\s的家在把将说]|$)",
        rf"(?P<who>[老小][{_COMMON}])(?=[，。、,.；;！!\s家的说在把和]|$)",
    )
)
# Words that begin like a surname and a title and are none.
_NO_NAMES = re.compile(
    r"(?:[局科处院校所队组站镇街办]|儿童|高中|小学|中学|大学|幼儿园|体育|语文|数学|英语|班|全体|"
    r"任课|管理|安全|文书|车间|白衣|社区|值班|包村|驻村|楼|各位|单位|项目)"
)

_N = r"(?:\d+|[一二三四五六七八九十百]+)"
_DOORS = tuple(
    re.compile(rule)
    for rule in (
        # After the building: staircase, floor and door.
        rf"(?:[A-Za-z\d]+|[一二三四五六七八九十]+)(?:栋|幢|座|号楼|#楼?)(?P<who>(?:{_N}(?:单元|梯))?\s*-?(?:{_N}楼|{_N}层)?\s*-?\d{{1,4}}(?:-\d{{1,4}})*\s*(?:号房?|室|房|户)?)(?![\d年月日天个人户多块元次户楼层米只处台辆盏条车])",
        rf"(?P<who>{_N}(?:单元|梯)\s*-?(?:{_N}楼|{_N}层)?\s*-?{_N}(?:-\d{{1,4}})?\s*(?:号房?|室|房|户))(?!\d)",
        rf"(?P<who>{_N}单元\s*-?\d{{2,4}}(?:-\d{{1,4}})?)(?![\d年月日天个人户多块元次楼层米])",
        r"(?<![\d-])(?P<who>(?!(?:19|20)\d\d-)\d{1,3}-\d{1,3}-\d{1,4})(?![\d-])",
        r"(?<![\d-])(?P<who>\d{3,4}\s*(?:室|房(?!间|屋)|号房))(?!\d)",
        rf"{_N}(?:组|社)(?P<who>{_N}号)(?!线|楼|井)",
        rf"(?<=附)(?P<who>{_N}号)",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A stretch of a text, and what stands there instead of it in public."""

    start: int
    end: int
    kind: str
    shown: str


def find(text: str, kinds: Collection[str] = EVERYTHING) -> list[Found]:
    """What a person could be known by, in the order of the text; no two overlap, the first rule wins."""
    plain = text.translate(_PLAIN)
    taken = bytearray(len(text))
    found: list[Found] = []
    for one in _all(plain):
        # What another rule has taken stays taken, also where its kind is not asked for.
        if one.start < one.end and not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
            if one.kind in kinds:
                found.append(one)
    return sorted(found, key=lambda one: one.start)


def hide(text: str, kinds: Collection[str] = EVERYTHING) -> str:
    """The text with all that put out of sight."""
    parts, last = [], 0
    for one in find(text, kinds):
        parts += [text[last : one.start], one.shown]
        last = one.end
    return "".join([*parts, text[last:]])


def is_identity(digits: str) -> bool:
    """Whether 18 characters are a citizen's number by their check digit (GB 11643-1999)."""
    if not re.fullmatch(r"\d{17}[\dXx]", digits):
        return False
    return (
        _CHECKS[sum(int(mark) * weight for mark, weight in zip(digits[:17], _WEIGHTS, strict=True)) % 11]
        == digits[17].upper()
    )


def _all(plain: str) -> Iterator[Found]:
    # A citizen's number whose date is odd is known by its check digit.
    for match in re.finditer(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])", plain):
        if is_identity(match[0]):
            yield Found(match.start(), match.end(), IDENTITY, MASK)
    for kind, rule in _RULES:
        for match in rule.finditer(plain):
            start, said = match.start(), match[0]
            if kind in (MAIL, NUMBER):  # the word before it ("微信号：") stays
                start += len(said) - len(re.sub(r"^(?:号码?)?\s*(?:是|为|[:：])?\s*", "", said))
            yield Found(start, match.end(), kind, MASK)
    for rule in _DOORS:
        for match in rule.finditer(plain):
            yield Found(match.start("who"), match.end("who"), DOOR, MASK)
    for rule in _NAMES:
        for match in rule.finditer(plain):
            if not _NO_NAMES.search(match["who"]) and not _NO_NAMES.match(plain, max(match.start("who") - 1, 0)):
                yield Found(match.start("who"), match.end("who"), NAME, "某")
