package sheet

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
)

// The years that a workbook's dates may lie in; others are taken for typing errors.
const (
	firstYear = 1950
	lastYear  = 2099
)

// serialFloor is the least number without a date format that is taken for a date: 2000-01-01.
const serialFloor = 36526

// ParseDate reads a day: 2025/5/2, 2026.2.24, 2023-11-19, 2026年10月31日, 20261031, 26.2.24, 31-Oct-2026, a serial, or any
// of them with a time, which is passed over. Year, if not 0, completes 10月31日. What can be read in two ways is not ok.
func ParseDate(c Cell, year int) (core.Date, bool, core.Text) {
	t, _, why := parseWhen(c, year)
	if why.Is() {
		return "", false, why
	}
	return core.Date(t.Format(time.DateOnly)), true, core.Text{}
}

// ParseTime reads a day and a time of day in the zone. Clock is false when only the day was written: the time is then
// midnight.
func ParseTime(c Cell, year int, zone *time.Location) (t time.Time, clock, ok bool, why core.Text) {
	t, clock, why = parseWhen(c, year)
	if why.Is() {
		return time.Time{}, false, false, why
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone), clock, true, core.Text{}
}

// parseWhen reads day and time of day, in UTC; why is set when it cannot.
func parseWhen(c Cell, year int) (t time.Time, clock bool, why core.Text) {
	switch c.Kind {
	case CellNumber:
		t, ok := serialTime(c)
		if ok && c.Format != FormatTime && t.Year() >= firstYear && t.Year() <= lastYear && (c.Format != FormatNone || serialAsDate(c.Raw)) {
			return t, t.Hour()+t.Minute()+t.Second() > 0, core.Text{}
		}
		if c.Format != FormatNone {
			return time.Time{}, false, core.T("日期 %s 不合理", "the date %s is not plausible", c.Text())
		}
	case CellError, CellBool:
		return time.Time{}, false, notDate(c)
	}
	return textWhen(c, year)
}

func notDate(c Cell) core.Text {
	return core.T("%q 不是日期", "%q is not a date", c.Text())
}

// serialAsDate reports whether a number without a date format can only be a serial: five digits from 2000 on.
func serialAsDate(raw string) bool {
	f, err := strconv.ParseFloat(raw, 64)
	return err == nil && f >= serialFloor && f < 100000
}

// serialTime turns an Excel serial number into day and time of day (UTC), to the second.
func serialTime(c Cell) (time.Time, bool) {
	f, err := strconv.ParseFloat(c.Raw, 64)
	if err != nil || f < 0 || f >= 2958466 { // 9999-12-31
		return time.Time{}, false
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if c.Y1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if f < 61 {
		epoch = epoch.AddDate(0, 0, 1) // Excel believes in 1900-02-29
	}
	seconds := int64(math.Round(f * 86400))
	return epoch.AddDate(0, 0, int(seconds/86400)).Add(time.Duration(seconds%86400) * time.Second), true
}

var (
	ymdShape      = regexp.MustCompile(`^(\d{4})(?:年|[-/.])(\d{1,2})(?:月|[-/.])(\d{1,2})(?:日|号)?$`)
	compactShape  = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	shortShape    = regexp.MustCompile(`^(\d{2})(年|[-/.])(\d{1,2})(?:月|[-/.])(\d{1,2})(?:日|号)?$`)
	dmyShape      = regexp.MustCompile(`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$`)
	mdShape       = regexp.MustCompile(`^(\d{1,2})(?:月|[-/.])(\d{1,2})(?:日|号)?$`)
	dayNameShape  = regexp.MustCompile(`^(\d{1,2})[- ]([A-Za-z]{3,9})\.?,?[- ](\d{2}|\d{4})$`)
	nameDayShape  = regexp.MustCompile(`^([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})$`)
	ymShape       = regexp.MustCompile(`^(\d{4})(?:年|[-/.])(\d{1,2})月?(?:份)?$`)
	compactYM     = regexp.MustCompile(`^(\d{4})(\d{2})$`)
	mShape        = regexp.MustCompile(`^(\d{1,2})月(?:份)?$`)
	weekdayShape  = regexp.MustCompile(`\(?(?:星期|周|礼拜)[一二三四五六日天]\)?`)
	clockShape    = regexp.MustCompile(`^(.*?[日号\d])\s*[T,]?\s*(上午|下午|晚上|中午|凌晨|早上|AM|PM)?\s*(\d{1,2})(?::|时|点)(?:(\d{1,2})(?:分|:(\d{1,2})(?:\.\d+)?|分(\d{1,2})秒)?)?\s*(AM|PM|am|pm)?(?:Z|\+08:?00)?$`)
	afterDateSpot = regexp.MustCompile(`(\d)\s+([-/.年月日])|([-/.年月])\s+`)
)

// textWhen reads what a person typed.
func textWhen(c Cell, year int) (time.Time, bool, core.Text) {
	s := tidyDate(c.Text())
	day, seconds, clock := s, 0, false
	if m := clockShape.FindStringSubmatch(s); m != nil && strings.ContainsAny(m[1], "-/.年月0123456789") {
		if sec, ok := clockSeconds(m); ok {
			day, seconds, clock = strings.TrimSpace(m[1]), sec, true
		} else {
			return time.Time{}, false, core.T("时间 %q 不存在", "the time %q does not exist", c.Text())
		}
	}
	t, why := textDay(day, year, c)
	return t.Add(time.Duration(seconds) * time.Second), clock, why
}

// tidyDate puts what means the same into one form: half-width, one space, no weekday, no space around separators.
func tidyDate(s string) string {
	s = strings.TrimSpace(spaces.ReplaceAllString(core.FullToHalf(s), " "))
	s = strings.TrimSpace(weekdayShape.ReplaceAllString(s, " "))
	s = strings.NewReplacer("。", ".", "—", "-", "–", "-", "−", "-", "\\", "/", "點", "点", "時", "时").Replace(s)
	for range 2 { // matches overlap: 10 月 31
		s = afterDateSpot.ReplaceAllString(s, "$1$2$3")
	}
	return strings.TrimSuffix(strings.TrimSpace(spaces.ReplaceAllString(s, " ")), ".")
}

// clockSeconds is the time of day that clockShape found, in seconds; false when there is no such time.
func clockSeconds(m []string) (int, bool) {
	h, min, sec := atoi(m[3]), atoi(m[4]), atoi(m[5]+m[6])
	half := strings.ToUpper(m[2] + m[7])
	switch {
	case (half == "下午" || half == "晚上" || half == "PM") && h < 12, half == "中午" && h < 3:
		h += 12
	case (half == "AM" || half == "凌晨" || half == "上午") && h == 12:
		h = 0
	}
	return h*3600 + min*60 + sec, h < 24 && min < 60 && sec < 60
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// textDay reads the day alone.
func textDay(s string, year int, c Cell) (time.Time, core.Text) {
	if m := ymdShape.FindStringSubmatch(s); m != nil {
		return realDay(atoi(m[1]), atoi(m[2]), atoi(m[3]), c)
	}
	if m := compactShape.FindStringSubmatch(s); m != nil {
		return realDay(atoi(m[1]), atoi(m[2]), atoi(m[3]), c)
	}
	if m := dmyShape.FindStringSubmatch(s); m != nil {
		return dayMonthYear(atoi(m[1]), atoi(m[2]), atoi(m[3]), c)
	}
	if m := shortShape.FindStringSubmatch(s); m != nil {
		return shortDay(m, c)
	}
	if m := dayNameShape.FindStringSubmatch(s); m != nil {
		return namedDay(m[1], m[2], m[3], c)
	}
	if m := nameDayShape.FindStringSubmatch(s); m != nil {
		return namedDay(m[2], m[1], m[3], c)
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && c.Kind == CellText && serialAsDate(s) && len(s) >= 5 && f == math.Trunc(f) {
		t, _ := serialTime(Cell{Kind: CellNumber, Raw: s, Y1904: c.Y1904})
		return realDay(t.Year(), int(t.Month()), t.Day(), c)
	}
	if m := mdShape.FindStringSubmatch(s); m != nil && c.Kind == CellText {
		if year == 0 {
			return time.Time{}, core.T("日期 %q 没有年份", "the date %q has no year", c.Text())
		}
		return realDay(year, atoi(m[1]), atoi(m[2]), c)
	}
	if ymShape.MatchString(s) {
		return time.Time{}, core.T("日期 %q 没有写到日", "the date %q does not say which day", c.Text())
	}
	return time.Time{}, notDate(c)
}

// realDay refuses days that no calendar has and years that no office means.
func realDay(y, m, d int, c Cell) (time.Time, core.Text) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Year() != y || int(t.Month()) != m || t.Day() != d {
		return time.Time{}, core.T("日期 %q 不存在", "the date %q does not exist", c.Text())
	}
	if y < firstYear || y > lastYear {
		return time.Time{}, core.T("日期 %q 不合理(应在 %d 至 %d 年之间)", "the date %q is not plausible (it should lie between %d and %d)", c.Text(), firstYear, lastYear)
	}
	return t, core.Text{}
}

// dayMonthYear reads 31/10/2026 and 10/31/2026; when both orders are possible it is no date.
func dayMonthYear(a, b, y int, c Cell) (time.Time, core.Text) {
	switch {
	case a > 12 || a == b:
		return realDay(y, b, a, c)
	case b > 12:
		return realDay(y, a, b, c)
	}
	return time.Time{}, ambiguous(c)
}

func ambiguous(c Cell) core.Text {
	return core.T("日期 %q 有两种读法,请写成 2026-10-31 的样式", "the date %q can be read in two ways; write it like 2026-10-31", c.Text())
}

// shortDay reads 26.2.24 as 2026-02-24, as Chinese offices write it. With slashes or hyphens the last part may as well be
// the year (Excel's short form elsewhere): when both give a year near ours, it is no date.
func shortDay(m []string, c Cell) (time.Time, core.Text) {
	y, mon, d := atoi(m[1]), atoi(m[3]), atoi(m[4])
	if near := func(y int) bool { return y >= 10 && y <= 45 }; m[2] == "/" || m[2] == "-" {
		otherOrder := y <= 31 && mon <= 31 && (y <= 12 || mon <= 12) && near(d)
		if otherOrder && y != d || otherOrder && !near(y) {
			return time.Time{}, ambiguous(c)
		}
	}
	century := 2000
	if y >= 70 {
		century = 1900
	}
	return realDay(century+y, mon, d, c)
}

// namedDay reads a day with an English month.
func namedDay(day, month, year string, c Cell) (time.Time, core.Text) {
	y := atoi(year)
	if len(year) == 2 {
		y += 2000
	}
	for m := time.January; m <= time.December; m++ {
		if strings.HasPrefix(strings.ToLower(m.String()), strings.ToLower(month)) || strings.EqualFold(month, "sept") && m == time.September {
			return realDay(y, int(m), atoi(day), c)
		}
	}
	return time.Time{}, notDate(c)
}

// ParseMonth reads a month: 2026-10, 2026年10月, 202610, 2026/10, a date in it, or 10月 with the year given. The number
// 2026.1 is refused: as a number, January and October look the same.
func ParseMonth(c Cell, year int) (core.Month, bool, core.Text) {
	if c.Kind == CellNumber && c.Format == FormatNone && strings.Contains(plainNumber(c.Raw), ".") && strings.HasSuffix(plainNumber(c.Raw), ".1") {
		return "", false, core.T("月份 %s 以数字存储,分不清 1 月还是 10 月,请以文本填写", "the month %s is stored as a number, so January and October look alike; enter it as text", c.Text())
	}
	y, m := 0, 0
	s := tidyDate(c.Text())
	if p := ymShape.FindStringSubmatch(s); p != nil {
		y, m = atoi(p[1]), atoi(p[2])
	} else if p := compactYM.FindStringSubmatch(s); p != nil {
		y, m = atoi(p[1]), atoi(p[2])
	} else if p := mShape.FindStringSubmatch(s); p != nil && year != 0 {
		y, m = year, atoi(p[1])
	} else if d, ok, _ := ParseDate(c, 0); ok {
		return d.Month(), true, core.Text{}
	}
	if y < firstYear || y > lastYear || m < 1 || m > 12 {
		return "", false, core.T("%q 不是月份", "%q is not a month", c.Text())
	}
	return core.Month(fmt.Sprintf("%04d-%02d", y, m)), true, core.Text{}
}

var betweenDates = regexp.MustCompile(`\s*(?:至|到|~|—{1,2}|–|--|\s-\s)\s*`)

// ParseDateRange reads two days in one cell: 2025.5.2至2027.5.1, 2025-05-02 ~ 2027-05-01, 2025/5/2-2027/5/1.
func ParseDateRange(c Cell, year int) (from, to core.Date, ok bool, why core.Text) {
	wrong := core.T("%q 不是起止日期", "%q is not a pair of dates", c.Text())
	s := strings.TrimSpace(core.FullToHalf(c.Text()))
	parts := betweenDates.Split(s, -1)
	if hyphens := strings.Split(s, "-"); len(parts) == 1 && len(hyphens)%2 == 0 {
		half := len(hyphens) / 2
		parts = []string{strings.Join(hyphens[:half], "-"), strings.Join(hyphens[half:], "-")}
	}
	if len(parts) != 2 {
		return "", "", false, wrong
	}
	from, ok1, _ := ParseDate(TextCell(strings.TrimSpace(parts[0])), year)
	to, ok2, _ := ParseDate(TextCell(strings.TrimSpace(parts[1])), year)
	if !ok1 || !ok2 || to < from {
		return "", "", false, wrong
	}
	return from, to, true, core.Text{}
}
