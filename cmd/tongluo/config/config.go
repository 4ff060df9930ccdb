// Package config knows the office's settings file: its keys, their defaults and
// what each may be. It refuses to know what the settings are for: Parse turns
// them once into the settings of the packages that do.
package config

// Config is the settings file as it is written; config.example.toml is its
// documentation. Durations are Go's ("3s", "30m"), times of day "09:00", dates
// "2006-01-02".
type Config struct {
	Office   Office   `toml:"office"`
	Slots    []Slot   `toml:"slot"`
	Calendar Calendar `toml:"calendar"`
	Push     Push     `toml:"push"`
	WeChat   WeChat   `toml:"wechat"`
	Chat     Chat     `toml:"chat"`
	Gate     Gate     `toml:"gate"`
	Console  Console  `toml:"console"`
	Alerts   Alerts   `toml:"alerts"`
	Backup   Backup   `toml:"backup"`
}

// Office is who this is and where.
type Office struct {
	Name string `toml:"name"` // on packs and screens
	Zone string `toml:"zone"` // IANA name
}

// Slot is one line of the timetable.
type Slot struct {
	Name  string `toml:"name"`
	Cron  string `toml:"cron"`  // start, five fields
	Until string `toml:"until"` // end of the window on the same day
	To    string `toml:"to"`    // selector
}

// Calendar is when the office works.
type Calendar struct {
	WorkFrom  string `toml:"work_from"`
	WorkTo    string `toml:"work_to"`
	QuietFrom string `toml:"quiet_from"`
	QuietTo   string `toml:"quiet_to"`
	Terms     []Term `toml:"term"`
	Days      []Day  `toml:"day"`
}

// Term is a school term, both days included.
type Term struct {
	From string `toml:"from"`
	To   string `toml:"to"`
}

// Day is a day off or a make-up workday that the built-in table lacks.
type Day struct {
	Date string `toml:"date"`
	Name string `toml:"name"`
	Work bool   `toml:"work"`
}

// Push is how pushes that people queue are treated, and how often is too often.
type Push struct {
	WideFrom      int    `toml:"wide_from"`
	Cooling       string `toml:"cooling"`
	ItemRestDays  int    `toml:"item_rest_days"`
	RemindersADay int    `toml:"reminders_a_day"`
}

// WeChat is the account. The caps can be lowered and the pace slowed, never the
// other way round, except on a loopback endpoint (design rule 10).
type WeChat struct {
	Enabled       bool   `toml:"enabled"`
	Endpoint      string `toml:"endpoint"`
	MediaTTL      string `toml:"media_ttl"`
	TextMin       string `toml:"text_min"`
	TextMax       string `toml:"text_max"`
	PictureMin    string `toml:"picture_min"`
	PictureMax    string `toml:"picture_max"`
	PerGroupDay   int    `toml:"per_group_day"`
	PerAccountDay int    `toml:"per_account_day"`
}

// Chat is where the bot answers.
type Chat struct {
	TalkIn  []string `toml:"talk_in"` // kinds of group, when it is @-ed
	Ranking bool     `toml:"ranking"` // whether 排名 is answered
}

// Gate is what may appear in content although it leads readers elsewhere.
type Gate struct {
	Hosts   []string `toml:"hosts"`
	Numbers []string `toml:"numbers"`
}

// Console is the page in the browser of this PC.
type Console struct {
	Enabled bool   `toml:"enabled"`
	Listen  string `toml:"listen"` // loopback address and port
}

// Alerts is how the operator is told when something is wrong. Addresses of
// robots and passwords may stand in a file of their own (Secrets).
type Alerts struct {
	Secrets        string   `toml:"secrets"`
	WeCom          string   `toml:"wecom"`
	Feishu         string   `toml:"feishu"`
	FeishuSecret   string   `toml:"feishu_secret"`
	DingTalk       string   `toml:"dingtalk"`
	DingTalkSecret string   `toml:"dingtalk_secret"`
	MailServer     string   `toml:"mail_server"`
	MailUser       string   `toml:"mail_user"`
	MailPassword   string   `toml:"mail_password"`
	MailFrom       string   `toml:"mail_from"`
	MailTo         []string `toml:"mail_to"`
	Webhook        string   `toml:"webhook"`
	Heartbeat      string   `toml:"heartbeat"`
	HeartbeatEvery string   `toml:"heartbeat_every"`
	AliveAt        string   `toml:"alive_at"`
}

// Backup is when the daily one is made and where else it goes.
type Backup struct {
	At             string `toml:"at"`
	Also           string `toml:"also"`            // second directory
	Recipient      string `toml:"recipient"`       // age1…
	PassphraseFile string `toml:"passphrase_file"` // instead of a recipient
}

// Default is the office that wrote no file. WeChat is off: everything goes by
// office pack until somebody decides to log an account in.
func Default() Config {
	return Config{
		Office: Office{Name: "本单位", Zone: "Asia/Shanghai"},
		Slots: []Slot{
			{Name: "周二上午", Cron: "0 9 * * TUE", Until: "11:30", To: "all"},
			{Name: "周五上午", Cron: "0 9 * * FRI", Until: "11:30", To: "all"},
		},
		Calendar: Calendar{WorkFrom: "08:30", WorkTo: "17:30", QuietFrom: "21:00", QuietTo: "08:00", Terms: []Term{}, Days: []Day{}},
		Push:     Push{WideFrom: 20, Cooling: "30m", ItemRestDays: 60, RemindersADay: 3},
		WeChat: WeChat{MediaTTL: "30m", TextMin: "3s", TextMax: "8s", PictureMin: "15s", PictureMax: "30s",
			PerGroupDay: 3, PerAccountDay: 1500},
		Chat:    Chat{TalkIn: []string{"工作群", "防骗工作群", "联络员群"}},
		Gate:    Gate{Hosts: []string{}, Numbers: []string{"110", "96110", "12381"}},
		Console: Console{Enabled: true, Listen: "127.0.0.1:8600"},
		Alerts:  Alerts{MailTo: []string{}, HeartbeatEvery: "5m"},
		Backup:  Backup{At: "12:30"},
	}
}
