// Lists in many scripts that have nothing wrong with them.
#pragma once

namespace microgpt {

struct TestList {
  const char* name;
  const char* text;
};

// With ZWNJ within words, as Persian is written.
inline constexpr char kPersian[] =
    "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645\n"
    "\u06A9\u062A\u0627\u0628\u200C\u0647\u0627\n\u0633\u0644\u0627\u0645\n";

inline constexpr TestList kHonestLists[] = {
    {"Korean", "\uAE40\uBBFC\uC900\n\uC774\uC11C\uC5F0\n\uBC15\uC9C0\uD6C8\n"},
    {"Devanagari",
     "\u0930\u093E\u092E\n\u0915\u0943\u0937\u094D\u0923\n\u0915\u094D\u200D\u0937\n"
     "\u0936\u094D\u0930\u0940\u092E\u0924\u0940\n"},
    {"Bengali", "\u09B0\u09AC\u09C0\u09A8\u09CD\u09A6\u09CD\u09B0\n\u0995\u09CB\u09B2\n"},
    {"Tamil", "\u0BA4\u0BAE\u0BBF\u0BB4\u0BCD\n\u0B95\u0BCB\u0BB5\u0BC8\n"},
    {"Sinhala", "\u0DC1\u0DCA\u200D\u0DBB\u0DD3\n\u0DC3\u0DD2\u0D82\u0DC4\u0DBD\n"},
    {"Arabic",
     "\u0645\u062D\u0645\u062F\n\u0641\u0627\u0637\u0645\u0629\n\u0623\u062D\u0645\u062F\n"},
    {"ArabicWithPoints", "\u0645\u064F\u062D\u064E\u0645\u064E\u0651\u062F\n\u0646\u0648\u0631\n"},
    {"Persian", kPersian},
    {"Hebrew", "\u05D3\u05D5\u05D3\n\u05E8\u05D7\u05DC\n\u05DE\u05E8\u05D9\u05DD\n"},
    {"Chinese", "\u738B\u82B3\n\u674E\u5A1C\n\u674E\u3000\u5A1C\u5A1C\n\u5F20\u4F1F\n"},
    {"Japanese",
     "\u5C71\u7530\u3000\u592A\u90CE\n\u3055\u304F\u3089\n\u30A2\u30CB\u30E1\n"
     "\u304C\u304E\u3050\n\u6771\u4EAC\u30BF\u30EF\u30FC\nT\u30B7\u30E3\u30C4\n"},
    {"Thai",
     "\u0E01\u0E23\u0E38\u0E07\u0E40\u0E17\u0E1E\n\u0E20\u0E32\u0E29\u0E32\u200B\u0E44\u0E17\u0E22"
     "\n"},
    {"Khmer",
     "\u1797\u17B6\u179F\u17B6\u200B\u1781\u17D2\u1798\u17C2\u179A\n\u1797\u17D2\u1793\u17C6\n"},
    {"Mongolian", "\u182E\u1823\u1829\u182D\u1823\u182F\u180B\n\u1830\u1820\u1822\u1828\n"},
    {"Javanese", "\uA9B2\uA9A4\uA9CF\n\uA997\uA9AE\n"},
    {"Vietnamese", "Nguy\u1EC5n V\u0103n An\nTr\u1EA7n Th\u1ECB B\u00ECnh\nL\u00EA D\u0169ng\n"},
    {"Yoruba", "Ad\u00E9b\u00E1y\u1ECD\u0300\n\u1ECCl\u00E1\u00ECt\u00E1n\n"},
    {"Turkish", "\u0130stanbul\nI\u015F\u0131k\nDiyarbak\u0131r\n"},
    {"Russian",
     "\u0410\u043D\u043D\u0430\n\u0421\u0435\u0440\u0433\u0435\u0439\n\u041E\u043B\u044F\n"},
    {"Greek",
     "\u0391\u03BB\u03AD\u03BE\u03B1\u03BD\u03B4\u03C1\u03BF\u03C2\n\u039C\u03B1\u03C1\u03AF\u03B1"
     "\n"},
    {"French", "\u00C9lodie d\u2019Or\nFran\u00E7ois L\u0153il\n\u00C2me et \u00C0 bient\u00F4t\n"},
    {"Portuguese", "CORA\u00C7\u00C3O\nJo\u00E3o\nS\u00C3O\n"},
    {"EmojiFamilies",
     "\U0001F468\u200D\U0001F469\u200D\U0001F467\n\U0001F3F3\uFE0F\u200D\U0001F308\n"
     "\U0001F44D\U0001F3FD\n\u2764\uFE0F\u200D\U0001F525\n\U0001F9D1\U0001F3FD\u200D\U0001F680\n"},
    {"EmojiFlagsAndKeycaps",
     "\U0001F1E9\U0001F1EA\n\U0001F1EB\U0001F1F7\n1\uFE0F\u20E3\n#\uFE0F\u20E3\n"
     "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F\n\u00A9\uFE0F\n"},
    {"ScriptsInOneLine",
     "Moscow \u041C\u043E\u0441\u043A\u0432\u0430\nSeoul \uC11C\uC6B8 \u9996\u723E\n"
     "AKB48\u306E\u6B4C\niPhone\u624B\u6A5F\n\u03B1-helix\n\u00B5Torrent\n"},
    {"Code", "int main() { return 0; }\nfor x in range(10): pass\n"},
};

}  // namespace microgpt
