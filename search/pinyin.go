package search

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mozillazg/go-pinyin"

	"huiyin/core"
)

const (
	readingsMax = 4 // spellings of one name
	nameRunes   = 4 // a Chinese name up to this long may be a person's
	initialsMax = 8 // beginnings of a firm's initials
)

// surnames reads family names whose reading as a name is not the common one.
func surnames() map[string]string {
	return readings(`单 shan 曾 zeng 仇 qiu 解 xie 区 ou 翟 zhai 查 zha 朴 piao 任 ren 华 hua 盖 ge 缪 miao 覃 qin 洗 xian 冼 xian
		召 shao 折 she 员 yun 种 chong 秘 bi 乜 nie 黑 he 乐 yue 沈 shen 谌 chen 祭 zhai 能 nai 逄 pang 郗 xi 应 ying 宁 ning
		纪 ji 那 na 隗 wei 柏 bai 贲 ben 薄 bo 都 du 费 fei 葛 ge 过 guo 句 gou 尉 wei 阚 kan 阙 que 繁 po 牟 mou 曲 qu 瞿 qu
		行 xing 要 yao 颉 xie 呙 guo 角 jue 适 kuo 重 chong 长 zhang 车 che 石 shi 盛 sheng 宓 fu 燕 yan 藏 zang 撒 sa 佴 nai
		尉迟 yu,chi 万俟 mo,qi 澹台 tan,tai 长孙 zhang,sun 令狐 ling,hu 夏侯 xia,hou 皇甫 huang,fu 鲜于 xian,yu 单于 chan,yu 宿 su`)
}

// phrases reads places and words that are wrong character by character.
func phrases() map[string]string {
	return readings(`重庆 chong,qing 长沙 chang,sha 厦门 xia,men 长春 chang,chun 长城 chang,cheng 长安 chang,an 长江 chang,jiang
		长虹 chang,hong 蚌埠 beng,bu 六安 lu,an 大厦 da,sha 广厦 guang,sha 银行 yin,hang 商行 shang,hang 车行 che,hang 洋行 yang,hang
		行业 hang,ye 音乐 yin,yue 成都 cheng,du 都市 du,shi 会计 kuai,ji 番禺 pan,yu 东莞 dong,guan 台州 tai,zhou 朝阳 chao,yang
		乐清 yue,qing 亳州 bo,zhou 丽水 li,shui 单县 shan,xian 西藏 xi,zang 重新 chong,xin 重工 zhong,gong 长治 chang,zhi 长兴 chang,xing
		长盛 chang,sheng 长隆 chang,long 长荣 chang,rong 六合 lu,he 铅山 yan,shan 涡阳 guo,yang 浍 hui 莘庄 xin,zhuang 便宜 pian,yi`)
}

func readings(table string) map[string]string {
	fields := strings.Fields(table)
	m := make(map[string]string, len(fields)/2)
	for i := 0; i+1 < len(fields); i += 2 {
		m[fields[i]] = fields[i+1]
	}
	return m
}

// speller spells names; it holds the tables.
type speller struct{ surnames, phrases map[string]string }

// These are read only.
var (
	spell     = speller{surnames(), phrases()}
	bracketed = regexp.MustCompile(`\([^)]*\)`)
	legalForm = regexp.MustCompile(`(?:股份|有限|责任|集团|控股|合伙企业|普通合伙|个体工商户|分公司|总公司|公司|事务所|经营部)+$`)
	place     = regexp.MustCompile(`^(?:.{2,3}省)?(.{2,3}?)市|^(北京|上海|天津|重庆|深圳|广州|杭州|南京|苏州|成都|武汉|西安|长沙|厦门|青岛|宁波|无锡|佛山|东莞|珠海|香港|中国)`)
)

// plain is a name as it is compared: half width, lower case, without spaces.
func plain(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(core.FullToHalf(name)), ""))
}

// nameToken stands for a whole name, however long; none for a single character.
func nameToken(name string) string {
	name = plain(name)
	if len([]rune(name)) < 2 {
		return ""
	}
	return exactMark + strconv.FormatInt(fingerprint(name), 36)
}

// trunkOf leaves city and legal form away: 华达科技 of 深圳市华达科技有限公司. formal says that there was a legal form, and
// that enough is left to ask for.
func trunkOf(name string) (trunk string, formal bool) {
	name = plain(name)
	trunk = legalForm.ReplaceAllString(name, "")
	if trunk == name {
		return name, false
	}
	if m := place.FindString(trunk); m != "" && len([]rune(trunk[len(m):])) > 1 {
		trunk = trunk[len(m):]
	}
	return trunk, len([]rune(trunk)) > 1
}

// tokens are the spellings of a name: whole pinyin and initials of each reading; of a firm without its legal form, with
// and without its city, the initials also from each position, so that hdkj finds 深圳市华达科技有限公司.
func (s speller) tokens(name string, add func(string)) {
	name = plain(name)
	bare := bracketed.ReplaceAllString(name, "")
	trunk := legalForm.ReplaceAllString(bare, "")
	if trunk == bare && len([]rune(trunk)) <= nameRunes {
		s.person(trunk, add)
		return
	}
	if m := place.FindStringSubmatch(trunk); m != nil && len(m[0]) < len(trunk) {
		rest := trunk[len(m[0]):]
		s.firm(m[1]+m[2]+rest, false, add)
		trunk = rest
	}
	s.firm(trunk, true, add)
}

func (s speller) person(name string, add func(string)) {
	for _, spelled := range combine(s.syllables(name, true)) {
		add(strings.Join(spelled, ""))
		add(initials(spelled))
	}
}

func (s speller) firm(name string, everyPosition bool, add func(string)) {
	for n, spelled := range combine(s.syllables(name, false)) {
		add(strings.Join(spelled, ""))
		short := initials(spelled)
		add(short)
		letters := []rune(short)
		for i := 1; everyPosition && n == 0 && i <= initialsMax && i+2 <= len(letters); i++ {
			add(string(letters[i:]))
		}
	}
}

// initials are the first letters, not the first bytes: Müller has one of two.
func initials(syllables []string) string {
	var b strings.Builder
	for _, s := range syllables {
		for _, letter := range s {
			b.WriteRune(letter)
			break
		}
	}
	return b.String()
}

// syllables lists the readings of each character, the likeliest first; latin letters and digits stand for themselves.
func (s speller) syllables(name string, person bool) [][]string {
	r := []rune(name)
	var out [][]string
	for i := 0; i < len(r); {
		if person && i == 0 {
			if known, n := s.surname(r); n > 0 {
				out, i = append(out, known...), n
				continue
			}
		}
		if i+2 <= len(r) {
			if spelled, ok := s.phrases[string(r[i:i+2])]; ok {
				a, b, _ := strings.Cut(spelled, ",")
				out, i = append(out, []string{a}, []string{b}), i+2
				continue
			}
		}
		out = append(out, single(r[i], person))
		i++
	}
	return out
}

// surname reads a double or single family name at the beginning; a single one keeps its other readings behind, since
// the name may not be a person's.
func (s speller) surname(r []rune) (out [][]string, n int) {
	if len(r) > 2 {
		if spelled, ok := s.surnames[string(r[:2])]; ok {
			a, b, _ := strings.Cut(spelled, ",")
			return [][]string{{a}, {b}}, 2
		}
	}
	if spelled, ok := s.surnames[string(r[:1])]; ok {
		all := []string{spelled}
		for _, other := range single(r[0], true) {
			if other != spelled {
				all = append(all, other)
			}
		}
		return [][]string{all}, 1
	}
	return nil, 0
}

// toneless writes the letters that carry a tone without it, ü as v.
var toneless = strings.NewReplacer("ā", "a", "á", "a", "ǎ", "a", "à", "a", "ē", "e", "é", "e", "ě", "e", "è", "e", "ō", "o", "ó", "o", "ǒ", "o", "ò", "o",
	"ī", "i", "í", "i", "ǐ", "i", "ì", "i", "ū", "u", "ú", "u", "ǔ", "u", "ù", "u", "ü", "v", "ǘ", "v", "ǚ", "v", "ǜ", "v", "ń", "n", "ň", "n", "ǹ", "n", "ḿ", "m")

// single lists the readings of a character, the commonest first. It reads the library's table itself: the library's own
// function runs several expressions over each syllable, a tenth of the time of an intake.
func single(r rune, every bool) []string {
	if isWord(r) {
		return []string{string(r)}
	}
	marked := pinyin.PinyinDict[int(r)]
	if marked == "" {
		return []string{""}
	}
	if !every {
		marked, _, _ = strings.Cut(marked, ",")
	}
	var out []string
	for p := range strings.SplitSeq(toneless.Replace(marked), ",") {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// combine spells the name in up to readingsMax ways: the likeliest, then one character read otherwise at a time.
func combine(syllables [][]string) [][]string {
	first := make([]string, len(syllables))
	for i, s := range syllables {
		first[i] = s[0]
	}
	out := [][]string{first}
	for i, s := range syllables {
		for _, other := range s[1:] {
			if len(out) == readingsMax {
				return out
			}
			changed := append([]string(nil), first...)
			changed[i] = other
			out = append(out, changed)
		}
	}
	return out
}
