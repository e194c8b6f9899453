// What the program writes: standard output and log files.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace microgpt {

// The reader of a pipe went away (`microgpt train | head`): nobody is left to tell. Deliberately no
// std::exception, so that nothing reports it.
struct BrokenPipe {};

// A file descriptor with a buffer. What is still buffered when it goes out of scope is lost, so
// flush it where a failure can be reported.
class Output {
 public:
  // name: for messages. The descriptor stays open.
  Output(int descriptor, std::string name);

  // Throws BrokenPipe, or Error: can't be written. The bytes that were buffered are dropped, so
  // that a failure is reported once.
  void write(std::string_view text);
  void flush();

  std::size_t buffered() const { return buffer_.size(); }

 protected:
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  std::string name_;
  std::string buffer_;
};

// How many columns a descriptor's terminal has; nothing where it is none.
std::optional<std::size_t> terminal_columns(int descriptor);

// Whether it is a terminal that shows colours and bold letters, and the person wants them: TERM is
// neither "dumb" nor missing, and NO_COLOR is not set (see no-color.org).
bool shows_styles(int descriptor);

// Makes the folder of a run, if need be. Throws Error: it can't be made or written to. To be called
// before hours of training, not after.
void prepare_folder(const std::string& folder);

// A file made for writing, closed at the end of scope.
class OutputFile : public Output {
 public:
  // append: keep what is there. Throws Error: can't be opened.
  static OutputFile open(const std::string& path, bool append);

  // Overwrites what is there. name: for messages. Throws Error: can't be opened.
  static OutputFile open_as(const std::string& path, const std::string& name);

  // Puts a file at a path, whole or not at all. Something there that is no file, such as a pipe, is
  // written to. Throws Error: can't be written.
  static void write_whole(const std::string& path, std::string_view bytes);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

 private:
  OutputFile(const std::string& path, int flags, const std::string& name);

  int file_;
};

// A file that is put at its path, whole, when it is committed, or not at all. Something there that
// is no file, such as a pipe, is written to at once.
class WholeFile {
 public:
  // Throws Error: can't be opened.
  explicit WholeFile(const std::string& path);
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  ~WholeFile();

  // Throw Error: can't be written.
  void write(std::string_view text) { file_.write(text); }
  void commit();

 private:
  std::string path_;
  std::string target_;     // what the path leads to
  std::string temporary_;  // where it is written; empty: at the path itself, or committed
  OutputFile file_;
};

}  // namespace microgpt
