#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "message.h"

namespace microgpt {
namespace {

constexpr double kSmoothing = 0.98;  // a step's weight falls to 1/e in 50 steps
constexpr double kFlushSeconds = 0.1;
constexpr double kLogSeconds = 1;
constexpr int kLogLines = 10;
constexpr std::size_t kMaxBuffered = 1 << 15;  // before Output would flush on its own

double seconds_between(std::chrono::steady_clock::time_point a,
                       std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

constexpr char kErase[] = "\r\x1b[K";

void write_error(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

bool can_redraw() {
  const char* const term = std::getenv("TERM");
  return term != nullptr && std::string_view(term) != "dumb" && isatty(STDERR_FILENO);
}

// The last column stays free: some terminals wrap as soon as it is written.
void draw_line(std::string_view text) {
  write_error(text.substr(0, terminal_columns(STDERR_FILENO).value_or(80) - 1));
}

}  // namespace

std::string describe_seconds(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) {
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

StatusLine::StatusLine() : terminal_(can_redraw()) {}

StatusLine::~StatusLine() {
  if (drawn_) write_error(kErase);
}

void StatusLine::draw(std::string_view text) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || seconds_between(last_, now) < kFlushSeconds) return;
  last_ = now;
  drawn_ = true;
  write_error(kErase);
  draw_line(text);
}

Progress::Mode Progress::choose_mode(bool quiet) {
  if (quiet) return Mode::kOff;
  return can_redraw() ? Mode::kLine : Mode::kLog;
}

Progress::Progress(Output& out, std::int64_t first_step, std::int64_t num_steps, bool quiet)
    : out_(out), mode_(choose_mode(quiet)), first_step_(first_step), num_steps_(num_steps) {}

Progress::~Progress() { clear(); }

bool Progress::step(const StepReport& report) {
  tokens_ += report.tokens;
  smoothed_ = kSmoothing * smoothed_ + (1 - kSmoothing) * report.loss;
  smoothed_weight_ = kSmoothing * smoothed_weight_ + (1 - kSmoothing);
  if (mode_ == Mode::kLog) log(report);
  const Clock::time_point now = Clock::now();
  if (seconds_between(last_flush_, now) < kFlushSeconds && out_.buffered() < kMaxBuffered) {
    return false;
  }
  last_flush_ = now;
  clear();
  out_.flush();
  if (mode_ == Mode::kLine) draw(report);
  return true;
}

void Progress::clear() {
  if (drawn_) write_error(kErase);
  drawn_ = false;
}

std::string Progress::describe(const StepReport& report) const {
  const double seconds = seconds_between(start_, Clock::now());
  const double per_step = seconds / static_cast<double>(report.step - first_step_);
  return fmt::format("step {} / {} | loss {:.4f}, smoothed {:.4f} | {:.0f} tokens/s | {} left",
                     report.step, num_steps_, report.loss, smoothed_ / smoothed_weight_,
                     static_cast<double>(tokens_) / seconds,
                     describe_seconds(per_step * static_cast<double>(num_steps_ - report.step)));
}

void Progress::draw(const StepReport& report) {
  draw_line(describe(report));
  drawn_ = true;
}

void Progress::log(const StepReport& report) {
  const auto tenth = [&](std::int64_t step) {
    return static_cast<int>(static_cast<double>(step - first_step_) * kLogLines /
                            static_cast<double>(num_steps_ - first_step_));
  };
  if (tenth(report.step) == tenth(report.step - 1)) return;
  if (seconds_between(start_, Clock::now()) >= kLogSeconds) print_note(describe(report));
}

}  // namespace microgpt
