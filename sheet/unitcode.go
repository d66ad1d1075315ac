package sheet

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"huiyin/core"
)

// Unit is one unit code. Compare units by Key: the office may write A305 in one sheet and A座3层5号 in another.
type Unit struct {
	Code     string `json:"code"` // as it is shown: A0305, 1-2-301, or as written when it follows no scheme
	Key      string `json:"key"`  // Code with the room padded to four digits, for comparing
	Building string `json:"building,omitempty"`
	Floor    string `json:"floor,omitempty"` // 3, 12, B1; "" when the code does not tell
}

var (
	unitSpaces   = regexp.MustCompile(`[\s_'"]+`)
	chineseDigit = strings.NewReplacer("零", "0", "〇", "0", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9", "壹", "1", "贰", "2", "叁", "3")
	chineseTens  = regexp.MustCompile(`([一二三四五六七八九])?十([一二三四五六七八九])?`)
	countedWords = regexp.MustCompile(`负?[零〇一二三四五六七八九十]+(?:号楼|座|栋|幢|期|单元|层|楼|号|室)`)

	entryShape   = regexp.MustCompile(`^(.{1,8}?)(?:号楼|座|栋|幢|楼)-?(\d{1,2})(?:单元|门)-?(?:(\d{1,2})(?:层|楼|F))?(\d{1,4}[A-Z]?)(?:室|号|房)?$`)
	wordsShape   = regexp.MustCompile(`^(?:(.{1,10}?)(?:号楼|座|栋|幢|塔楼|TOWER|区|楼)-?)?(?:第?(负|地下|-)?(\d{1,2})(?:层|楼|F)|(B\d)(?:层|楼|F)?-|(B\d)(?:层|楼|F))?-?(\d{1,5})([A-Z]?)(?:室|号房|号铺|号|房间|房|单元|铺|铺位|档)?$`)
	compactUnit  = regexp.MustCompile(`^([A-Z])-?(\d{3,5})([A-Z]?)$`)
	hyphenedUnit = regexp.MustCompile(`^([A-Z])-(\d{1,2})-(\d{1,2})([A-Z]?)$`)
	basementUnit = regexp.MustCompile(`^([A-Z]?)(B\d)-(\d{1,3})([A-Z]?)$`)
	bareUnit     = regexp.MustCompile(`^(\d{1,5})([A-Z]?)$`)
	keyShape     = regexp.MustCompile(`^(.*?)(\d{3,5})([A-Z]?)$`)
	anyDigit     = regexp.MustCompile(`\d`)
)

// ParseUnit reads one unit as offices write it: A0101, a-1203, Ａ１２０３, A座3层5号, A座 12层 1203室, 1栋2单元301, 负一层5号.
// Building is what the row's own building column says, or ""; it completes a code without one. A code that follows no
// known scheme is kept as written (in capitals, without spaces) and is ok; one that contradicts itself is not.
func ParseUnit(s, building string) (Unit, bool, core.Text) {
	written := strings.TrimSpace(s)
	code := tidyUnit(s)
	if code == "" {
		return Unit{}, false, core.T("没有写明单元", "no unit is given")
	}
	if len([]rune(code)) > 40 {
		return Unit{Code: written, Key: code}, false, core.T("%q 不像单元编号", "%q does not look like a unit code", written)
	}
	u, ok := readUnit(code, tidyBuilding(building))
	if !ok {
		return Unit{Code: written, Key: code}, false, core.T("单元 %q 的楼层与房号不一致", "the floor and the room in unit %q do not agree", written)
	}
	u.Key = unitKey(u.Code)
	return u, true, core.Text{}
}

// tidyUnit makes codes comparable: half-width, capitals, no spaces, Chinese numbers before 层 号 … as digits.
func tidyUnit(s string) string {
	s = strings.ToUpper(core.FullToHalf(clean(s)))
	s = unitSpaces.ReplaceAllString(s, "")
	s = strings.NewReplacer("—", "-", "–", "-", "−", "-", "‐", "-", "‑", "-", "·", "-", "#", "号").Replace(s)
	s = countedWords.ReplaceAllStringFunc(s, arabic)
	for strings.Contains(s, "--") {
		s = strings.ReplaceAll(s, "--", "-")
	}
	return strings.Trim(s, "-.")
}

// arabic writes the Chinese number in s (十二层, 二十一楼) in digits.
func arabic(s string) string {
	s = chineseTens.ReplaceAllStringFunc(s, func(t string) string {
		m := chineseTens.FindStringSubmatch(t)
		tens, ones := m[1], m[2]
		if tens == "" {
			tens = "一"
		}
		if ones == "" {
			ones = "零"
		}
		return tens + ones
	})
	return chineseDigit.Replace(s)
}

// tidyBuilding is the building as codes carry it: A座 → A, 一号楼 → 1, 东塔 stays.
func tidyBuilding(s string) string {
	s = tidyUnit(s)
	for _, suffix := range []string{"号楼", "塔楼", "座", "栋", "幢", "TOWER", "楼"} {
		if t := strings.TrimSuffix(s, suffix); t != s && t != "" {
			return strings.Trim(t, "-")
		}
	}
	return s
}

// readUnit tries the schemes from the most telling to the least.
func readUnit(code, building string) (Unit, bool) {
	if m := hyphenedUnit.FindStringSubmatch(code); m != nil {
		return compose(m[1], m[2], m[3], m[4])
	}
	if m := compactUnit.FindStringSubmatch(code); m != nil {
		return Unit{Code: m[1] + m[2] + m[3], Building: m[1], Floor: floorOf(m[2])}, true
	}
	if m := basementUnit.FindStringSubmatch(code); m != nil {
		return basement(or2(m[1], building), m[2], m[3], m[4])
	}
	if m := bareUnit.FindStringSubmatch(code); m != nil {
		return compose(building, "", m[1], m[2])
	}
	if m := entryShape.FindStringSubmatch(code); m != nil {
		return entry(m)
	}
	if m := wordsShape.FindStringSubmatch(code); m != nil {
		b, floor := or2(m[1], building), m[3]
		if below := or2(m[4], m[5]); below != "" {
			return basement(b, below, m[6], m[7])
		}
		if m[2] != "" {
			return basement(b, "B"+strings.TrimLeft(floor, "0"), m[6], m[7])
		}
		return compose(b, floor, m[6], m[7])
	}
	return Unit{Code: code, Building: prefixBuilding(code, building)}, true
}

func or2(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// prefixBuilding is the row's building when the code itself begins with it or names none.
func prefixBuilding(code, building string) string {
	if m := letterUnit.FindStringSubmatch(code); m != nil {
		return m[1]
	}
	return building
}

// entry composes a residential code with an entrance: 1栋2单元301 → 1-2-301.
func entry(m []string) (Unit, bool) {
	room, ok := roomOnFloor(m[3], strings.TrimRight(m[4], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	if !ok {
		return Unit{}, false
	}
	if m[3] == "" {
		room = m[4]
	}
	return Unit{Code: fmt.Sprintf("%s-%s-%s", m[1], m[2], room), Building: m[1], Floor: or2(m[3], floorOf(room))}, true
}

func basement(building, floor, room, letter string) (Unit, bool) {
	if floor == "B" {
		return Unit{}, false
	}
	if len(room) == 1 {
		room = "0" + room
	}
	if building != "" && anyDigit.MatchString(building[len(building)-1:]) {
		building += "-"
	}
	return Unit{Code: building + floor + "-" + room + letter, Building: strings.TrimSuffix(building, "-"), Floor: floor}, true
}

// compose joins building, floor and room. A building that ends in a digit gets a hyphen.
func compose(building, floor, room, letter string) (Unit, bool) {
	number, ok := roomOnFloor(floor, room)
	if !ok {
		return Unit{}, false
	}
	u := Unit{Building: building, Floor: strings.TrimLeft(floor, "0"), Code: building + number + letter}
	if u.Floor == "" {
		u.Floor = floorOf(number)
	}
	if building != "" && anyDigit.MatchString(building[len(building)-1:]) {
		u.Code = building + "-" + number + letter
	}
	return u, true
}

// roomOnFloor is floor and room in two digits each. A room number that already begins with its floor (12层1203室) says
// the floor once; one that begins with another floor is a contradiction.
func roomOnFloor(floor, room string) (string, bool) {
	if floor == "" {
		return room, true
	}
	f := atoi(floor)
	if len(room) <= 2 {
		return fmt.Sprintf("%02d%02d", f, atoi(room)), f > 0
	}
	if head := room[:len(room)-2]; atoi(head) == f {
		return fmt.Sprintf("%02d%s", f, room[len(room)-2:]), true
	}
	return "", false
}

// floorOf is the floor that a room number of three or four digits tells.
func floorOf(room string) string {
	digits := strings.TrimRight(room, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if n := len(digits); n == 3 || n == 4 {
		return strings.TrimLeft(digits[:n-2], "0")
	}
	return ""
}

// unitKey pads a three-digit room to four, so that A305 and A0305 compare equal.
func unitKey(code string) string {
	m := keyShape.FindStringSubmatch(code)
	if m == nil || len(m[2]) != 3 {
		return code
	}
	return m[1] + "0" + m[2] + m[3]
}

var (
	unitParts  = regexp.MustCompile(`[、,;；/&+\n]+|和|及`)
	unitRange  = regexp.MustCompile(`^(.*?)(\d{3,4})(?:室|号)?\s*(?:-|~|至|到|—|–)\s*(.*?)(\d{3,4})(?:室|号)?$`)
	fullUnit   = regexp.MustCompile(`^[A-Z]-?\d{3,5}[A-Z]?$`)
	floorHead  = regexp.MustCompile(`^(.*(?:层|楼|F))\d`)
	letterUnit = regexp.MustCompile(`^([A-Z])\d{3,5}\b`)
	numbered   = regexp.MustCompile(`^\d{1,2}-\d{3,4}$`)
	shortRange = regexp.MustCompile(`^[A-Z]\d{3,5}-\d{2}$`)
	towerHead  = regexp.MustCompile(`^(.*(?:座|栋|幢|号楼))\d`)
)

// maxRange bounds what A0301-0350 is expanded to.
const maxRange = 60

// ParseUnits reads one unit or several in a cell: A0301、A0302, A0301-0303 (consecutive rooms of one floor only), A座3层5号、6号.
// Not ok means that the whole is kept as one code, as written.
func ParseUnits(s, building string) ([]Unit, bool, core.Text) {
	if fullUnit.MatchString(s) {
		u, ok, why := ParseUnit(s, building)
		return []Unit{u}, ok, why
	}
	whole := []Unit{{Code: strings.TrimSpace(s), Key: tidyUnit(s)}}
	var out []Unit
	before := ""
	for _, part := range unitWords(s) {
		part = inherit(strings.TrimSpace(part), before)
		units, ok, why := oneOrRange(part, building)
		if !ok {
			return whole, false, why
		}
		out, before = append(out, units...), tidyUnit(part)
	}
	if len(out) == 0 {
		return nil, false, core.T("没有写明单元", "no unit is given")
	}
	return out, true, core.Text{}
}

// unitWords divides the cell; at spaces only when each word is a whole code.
func unitWords(s string) []string {
	var out []string
	for _, part := range unitParts.Split(core.FullToHalf(clean(s)), -1) {
		words := strings.Fields(part)
		for _, w := range words {
			if !fullUnit.MatchString(strings.ToUpper(w)) {
				words = []string{part}
				break
			}
		}
		for _, w := range words {
			if strings.TrimSpace(w) != "" {
				out = append(out, w)
			}
		}
	}
	return out
}

// inherit gives 0302 the building of A0301 before it, and 6号 the floor of A座3层5号.
func inherit(part, before string) string {
	code := tidyUnit(part)
	if before == "" || code == "" || code[0] < '0' || code[0] > '9' {
		return part
	}
	if m := floorHead.FindStringSubmatch(before); m != nil && !strings.ContainsAny(code, "层楼") && !strings.Contains(code, "栋") {
		return m[1] + part
	}
	if m := towerHead.FindStringSubmatch(before); m != nil && !towerHead.MatchString(code) {
		return m[1] + part
	}
	if m := compactUnit.FindStringSubmatch(before); m != nil {
		return m[1] + part
	}
	return part
}

func oneOrRange(part, building string) ([]Unit, bool, core.Text) {
	code := tidyUnit(part)
	if m := unitRange.FindStringSubmatch(code); m != nil && !numbered.MatchString(code) && !entranceHead(m[1]) {
		return expand(part, m, building)
	}
	if shortRange.MatchString(code) {
		return nil, false, core.T("%q 是一个单元还是一段单元?请分开写明", "is %q one unit or a range? Please write the units out", part)
	}
	u, ok, why := ParseUnit(part, building)
	return []Unit{u}, ok, why
}

// entranceHead reports whether the text before the digits is itself part of a hyphened code, as in 1-2-301-302.
func entranceHead(s string) bool { return strings.HasSuffix(s, "-") && len(s) > 2 }

// expand writes out a range of rooms on one floor.
func expand(part string, m []string, building string) ([]Unit, bool, core.Text) {
	from, to := atoi(m[2]), atoi(m[4])
	sure := (m[3] == "" || m[3] == m[1]) && len(m[2]) == len(m[4]) && from/100 == to/100 && from < to && to-from < maxRange
	if !sure {
		return nil, false, core.T("单元范围 %q 不能确定,请逐个写明", "the range of units %q is not certain; write them one by one", part)
	}
	var out []Unit
	for n := from; n <= to; n++ {
		number := strconv.Itoa(n)
		number = strings.Repeat("0", max(0, len(m[2])-len(number))) + number
		u, ok, why := ParseUnit(m[1]+number, building)
		if !ok {
			return nil, false, why
		}
		out = append(out, u)
	}
	return out, true, core.Text{}
}
