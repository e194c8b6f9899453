#include "html_text.h"

#include <fmt/format.h>

#include "message.h"

namespace microgpt {

std::string html_text(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

// .s: small, .w: wide things that scroll by themselves, .n: numbers.
std::string html_head(std::string_view title, std::string_view styles) {
  return fmt::format(R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{0}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 0 1rem 4rem; }}
h1 {{ overflow-wrap: anywhere; }}
.s {{ font-size: .85rem; opacity: .85; }}
.w {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }}
td, th {{ padding: .1rem .8rem .1rem 0; text-align: left; vertical-align: top; }}
th {{ font-weight: normal; opacity: .85; }}
td.n, th.n {{ text-align: right; }}
{1}@media print {{ body {{ max-width: none; padding: 0 }} }}
</style>
<main>
<h1>{0}</h1>
)",
                     html_text(title), styles);
}

}  // namespace microgpt
