package sheet

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/govalues/decimal"

	"huiyin/core"
)

// Each parser reads one cell and returns the value, whether it could be read, and what is wrong in words. An empty cell
// is not ok: ask Blank first.

// Text is the cell as a person reads it: trimmed, numbers without exponent or float noise, serial dates as dates.
func (c Cell) Text() string {
	switch {
	case c.Kind == CellNumber && c.Format != FormatNone:
		if t, ok := serialTime(c); ok {
			return t.Format(map[DateFormat]string{FormatDate: "2006-01-02", FormatTime: "15:04", FormatDateTime: "2006-01-02 15:04"}[c.Format])
		}
		return plainNumber(c.Raw)
	case c.Kind == CellNumber:
		return plainNumber(c.Raw)
	}
	return clean(c.Raw)
}

// clean trims all kinds of space, drops what cannot be seen, and undoes Safe.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == 0xFEFF || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r == 0x2060 || unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimFunc(unsafeText(strings.TrimFunc(s, unicode.IsSpace)), unicode.IsSpace)
}

// plainNumber writes a stored number as Excel shows it: 15 significant digits, no exponent.
func plainNumber(raw string) string {
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return clean(raw)
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil || math.Abs(short) > 1e40 || short != 0 && math.Abs(short) < 1e-20 {
		return clean(raw)
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// Blank reports whether the cell says nothing: empty, or one of the signs that offices write for nothing (-, /, 无).
func (c Cell) Blank() bool {
	if c.Empty() {
		return true
	}
	switch strings.TrimSpace(core.FullToHalf(c.Raw)) {
	case "-", "--", "---", "—", "——", "–", "/", "//", "\\", "无", "暂无", "N/A", "n/a", "NA", "~":
		return true
	}
	return false
}

var (
	spaces      = regexp.MustCompile(`\s+`)
	numberShape = regexp.MustCompile(`^([+\-−]?)(?:¥|RMB|CNY|人民币)?(\(?)([+\-−]?)(?:¥|RMB|CNY|人民币)?(\d[\d,]*|)(\.\d*)?([eE][+-]?\d{1,3})?(\)?)(.*)$`)
	groupShape  = regexp.MustCompile(`^(?:\d*|\d{1,3}(?:,\d{3})+|\d{1,4}(?:,\d{4})+)$`)
)

// splitNumber takes a number in a person's writing apart: the plain decimal and the words behind it.
func splitNumber(c Cell) (n decimal.Decimal, unit string, ok bool) {
	if c.Kind == CellError || c.Kind == CellBool || c.Kind == CellISO {
		return n, "", false
	}
	s := without(core.FullToHalf(clean(c.Raw)), " \t\n")
	m := numberShape.FindStringSubmatch(s)
	if m == nil || !groupShape.MatchString(m[4]) || m[4] == "" && len(m[5]) < 2 || (m[2] == "") != (m[7] == "") {
		return n, "", false
	}
	digits := strings.ReplaceAll(m[4], ",", "") + strings.TrimSuffix(m[5], ".")
	if m[4] == "" {
		digits = "0" + digits
	}
	n, err := parseDecimal(digits + m[6])
	if err != nil {
		return n, "", false
	}
	if negative := m[1] != "" && m[1] != "+" || m[3] != "" && m[3] != "+" || m[2] != ""; negative {
		n = n.Neg()
	}
	return n, strings.ToLower(m[8]), true
}

// parseDecimal reads up to 19 digits exactly; a stored float's tail beyond them is noise and is cut.
func parseDecimal(s string) (decimal.Decimal, error) {
	if n, err := decimal.Parse(s); err == nil && len(s) < 19 {
		return n, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) >= 1e15 || f != 0 && math.Abs(f) < 1e-12 {
		return decimal.Decimal{}, strconv.ErrRange
	}
	return decimal.Parse(strconv.FormatFloat(f, 'f', -1, 64))
}

// settle rounds away float noise: the value to the given places when it is less than 0.0001 of the last place off.
func settle(n decimal.Decimal, places int) (decimal.Decimal, bool) {
	rounded := n.Round(places)
	diff, err := n.Sub(rounded)
	if err != nil {
		return n, false
	}
	noise, err := decimal.New(1, places+4)
	return rounded, err == nil && diff.Abs().Less(noise)
}

// moneyUnits are the words behind an amount and what they multiply it by.
var moneyUnits = map[string]int64{
	"": 1, "元": 1, "圆": 1, "块": 1, "元整": 1, "圆整": 1, "元/月": 1, "/月": 1, "元每月": 1, "元人民币": 1, "rmb": 1, "cny": 1, "yuan": 1,
	"万": 10000, "万元": 10000, "万元整": 10000, "千": 1000, "千元": 1000,
}

// ParseMoney reads an amount in yuan: 1,234.50元 ¥12 3.5万 (200.00), full-width too. Float noise of less than 0.0001 分
// is rounded away; a real fraction of a 分 is not.
func ParseMoney(c Cell) (core.Money, bool, core.Text) {
	wrong := core.T("%q 不是金额", "%q is not an amount of money", c.Text())
	n, unit, ok := splitNumber(c)
	times, known := moneyUnits[unit]
	if !ok || !known {
		return 0, false, wrong
	}
	yuan, err := decimal.New(times, 0)
	if err == nil {
		n, err = n.Mul(yuan)
	}
	if err != nil {
		return 0, false, wrong
	}
	fen, exact := settle(n, 2)
	if !exact {
		return 0, false, core.T("金额 %s 精确不到分", "the amount %s is not in whole fen", c.Text())
	}
	whole, frac, ok := fen.Int64(2)
	if !ok || whole > maxYuan || whole < -maxYuan {
		return 0, false, core.T("金额 %s 过大", "the amount %s is too large", c.Text())
	}
	return core.Money(whole*100 + frac), true, core.Text{}
}

// maxYuan bounds amounts to what core.ParseMoney reads too: 13 digits of yuan.
const maxYuan = 9_999_999_999_999

// ParseNumber reads a number with at most so many decimals; words behind it must be among the units, or none.
func ParseNumber(c Cell, places int, units ...string) (decimal.Decimal, bool, core.Text) {
	n, unit, ok := splitNumber(c)
	if !ok {
		return n, false, core.T("%q 不是数字", "%q is not a number", c.Text())
	}
	if unit != "" && !has(units, unit) {
		return n, false, core.T("%q 带有不认识的单位“%s”", "%q has the unknown unit “%s”", c.Text(), unit)
	}
	n, exact := settle(n, places)
	if !exact {
		return n, false, core.T("%s 的小数多于 %d 位", "%s has more than %d decimals", c.Text(), places)
	}
	return n.Trim(0), true, core.Text{}
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// ParseArea reads an area in ㎡, with up to 4 decimals, more than 0 and less than a million.
func ParseArea(c Cell) (decimal.Decimal, bool, core.Text) {
	n, ok, why := ParseNumber(c, 4, "㎡", "m²", "m2", "平方米", "平米", "平方", "平", "m^2", "平方公尺")
	if ok && (n.Sign() <= 0 || n.Cmp(million()) >= 0) {
		return n, false, core.T("面积 %s 不合理", "an area of %s is not plausible", c.Text())
	}
	return n, ok, why
}

func million() decimal.Decimal { return decimal.MustNew(1_000_000, 0) }

// ParsePrice reads a unit price in yuan (per ㎡ and month, per kWh, per ton), with up to 6 decimals, not negative.
func ParsePrice(c Cell) (decimal.Decimal, bool, core.Text) {
	n, unit, ok := splitNumber(c)
	if unit = strings.NewReplacer("·", "/", ".", "/", "每", "/", "m²", "㎡", "m2", "㎡", "平方米", "㎡", "平米", "㎡").Replace(unit); !ok {
		return n, false, core.T("%q 不是单价", "%q is not a unit price", c.Text())
	}
	if !priceUnit.MatchString(unit) {
		return n, false, core.T("单价 %q 带有不认识的单位", "the unit price %q has an unknown unit", c.Text())
	}
	n, exact := settle(n, 6)
	if !exact || n.IsNeg() {
		return n, false, core.T("单价 %s 不合理", "a unit price of %s is not plausible", c.Text())
	}
	return n.Trim(0), true, core.Text{}
}

var priceUnit = regexp.MustCompile(`^(?:元)?(?:/(?:㎡|平|月|度|kwh|吨|方|m³|立方米|立方))*$`)

// ParseCount reads a whole number that is not negative, such as 3个月 or a multiplier.
func ParseCount(c Cell, units ...string) (int64, bool, core.Text) {
	n, ok, why := ParseNumber(c, 0, units...)
	if !ok {
		return 0, false, why
	}
	whole, _, ok := n.Int64(0)
	if !ok || whole < 0 {
		return 0, false, core.T("%q 应为不小于 0 的整数", "%q should be a whole number, not negative", c.Text())
	}
	return whole, true, core.Text{}
}

// ParseReading reads a meter's reading or multiplier: up to 4 decimals, not negative.
func ParseReading(c Cell) (decimal.Decimal, bool, core.Text) {
	n, ok, why := ParseNumber(c, 4, "度", "kwh", "吨", "t", "方", "m³", "立方米", "立方", "倍")
	if ok && n.IsNeg() {
		return n, false, core.T("读数 %s 不能为负", "a reading of %s cannot be negative", c.Text())
	}
	return n, ok, why
}

// ParseID reads an identity number or credit code: compact, in capitals. It is ok when the check digit fits its kind
// (core.KindOfID); otherwise the value is kept, and the text says what is wrong.
func ParseID(c Cell) (string, bool, core.Text) {
	id := strings.ToUpper(spaces.ReplaceAllString(core.FullToHalf(c.Text()), ""))
	if c.Kind == CellNumber && len(id) > 15 {
		return id, false, core.T("证件号码以数字存储,第 15 位以后已丢失,请以文本重新填写", "the number is stored as a number and has lost its digits after the 15th; enter it again as text")
	}
	var err error
	switch core.KindOfID(id) {
	case "uscc":
		err = core.CheckUSCC(id)
	case "resident":
		err = core.CheckResidentID(id)
	case "other":
		return id, false, core.T("%q 不是统一社会信用代码,也不是身份证号", "%q is neither a unified social credit code nor an identity number", id)
	}
	if err != nil {
		return id, false, core.AsErr(err).Text
	}
	return id, true, core.Text{}
}
