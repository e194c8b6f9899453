#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "microgpt/error.h"
#include "support/message_of.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

constexpr std::size_t kAny = std::size_t{1} << 40;

std::string read_error(const std::string& path, std::size_t max_bytes = kAny) {
  return message_of([&] { read_file(path, "input", max_bytes); });
}

std::string write_error(const std::string& path, std::string_view bytes = "x") {
  return message_of([&] { write_file_atomic(path, bytes); });
}

// Every byte value, more than a page and not a multiple of one.
std::string all_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7);
  return bytes;
}

mode_t mode_of(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

// What comes out at the other end of a pipe while f writes into it.
template <class F>
std::string through_pipe(F f) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  std::string received;
  std::thread reader([&] {
    char chunk[4096];
    for (ssize_t n; (n = ::read(ends[0], chunk, sizeof chunk)) > 0;) {
      received.append(chunk, static_cast<std::size_t>(n));
    }
  });
  EXPECT_EQ(message_of([&] { f("/dev/fd/" + std::to_string(ends[1])); }), "no error");
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  return received;
}

TEST(ReadFile, ReadsAllBytes) {
  const TempFolder folder;
  for (const std::size_t size : {0u, 1u, 4096u, 65536u, 200'001u}) {
    put_file(folder / "f", all_bytes(size));
    EXPECT_EQ(read_file(folder / "f", "f", kAny), all_bytes(size));
    EXPECT_EQ(read_file(folder / "f", "f", size), all_bytes(size)) << "max_bytes is allowed";
  }
}

TEST(ReadFile, SaysWhatIsWrong) {
  const TempFolder folder;
  EXPECT_EQ(read_error(folder / "none"), "input: no such file");
  EXPECT_EQ(read_error(""), "input: no such file");
  EXPECT_EQ(read_error(folder.path()), "input: is a folder, expected a file");
  put_file(folder / "f", "12345");
  EXPECT_EQ(read_error(folder / "f", 4), "input: is larger than 4 bytes");
  EXPECT_EQ(read_error(folder / "f/g"), "input: can't be read, Not a directory");
  EXPECT_EQ(read_error("/proc/self/mem"), "input: can't be read, Input/output error");
}

TEST(ReadFile, ChecksTheSizeBeforeReading) {
  const TempFolder folder;
  put_file(folder / "sparse", "");
  std::filesystem::resize_file(folder / "sparse", std::uintmax_t{1} << 42);
  EXPECT_EQ(read_error(folder / "sparse"), "input: is larger than 1099511627776 bytes");
}

TEST(ReadFile, ReportsAFileTooLargeForMemory) {
  const TempFolder folder;
  put_file(folder / "sparse", "");
  std::error_code error;
  std::filesystem::resize_file(folder / "sparse", std::uintmax_t{1} << 42, error);
  rlimit old;
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &old), 0);
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the address sanitizer ends the program where memory ends";
#else
  rlimit limit = old;
  limit.rlim_cur = std::size_t{1} << 34;
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
  const std::string message = read_error(folder / "sparse", SIZE_MAX / 2);
  ::setrlimit(RLIMIT_AS, &old);
  EXPECT_EQ(message, "input: too large for the memory of this machine");
#endif
}

TEST(ReadFile, ReadsWhereTheSizeIsNotKnown) {
  EXPECT_NE(read_file("/proc/self/status", "status", kAny).find("Pid:"), std::string::npos);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string bytes = all_bytes(300'000);
  std::thread writer([&] {
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const ssize_t n = ::write(ends[1], rest.data(), rest.size());
      if (n <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    ::close(ends[1]);
  });
  EXPECT_EQ(read_file("/dev/fd/" + std::to_string(ends[0]), "pipe", kAny), bytes);
  writer.join();
  ::close(ends[0]);
  EXPECT_EQ(read_error("/dev/zero", 1'000'000), "input: is larger than 1000000 bytes");
}

TEST(WriteFileAtomic, WritesAndReplaces) {
  const TempFolder folder;
  for (const std::size_t size : {5u, 100'000u, 0u}) {
    write_file_atomic(folder / "f", all_bytes(size));
    EXPECT_EQ(get_file(folder / "f"), all_bytes(size));
  }
  EXPECT_EQ(folder.size(), 1) << "no temporary file is left";
}

// A reader that has the old file open keeps it whole, and a second name of it is not changed.
TEST(WriteFileAtomic, DoesNotTouchTheOldFile) {
  const TempFolder folder;
  put_file(folder / "f", "old");
  std::filesystem::create_hard_link(folder / "f", folder / "other");
  write_file_atomic(folder / "f", "new");
  EXPECT_EQ(get_file(folder / "f"), "new");
  EXPECT_EQ(get_file(folder / "other"), "old");
}

TEST(WriteFileAtomic, KeepsPermissionsOrTakesThoseOfTheUmask) {
  const TempFolder folder;
  const mode_t umask = ::umask(027);
  write_file_atomic(folder / "new", "x");
  put_file(folder / "old", "x");
  ::chmod((folder / "old").c_str(), 0604);
  write_file_atomic(folder / "old", "y");
  ::umask(umask);
  EXPECT_EQ(mode_of(folder / "new"), 0640u);
  EXPECT_EQ(mode_of(folder / "old"), 0604u);
}

TEST(WriteFileAtomic, WritesThroughSymbolicLinks) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "sub");
  put_file(folder / "sub/target", "old");
  std::filesystem::create_symlink("sub/link", folder / "first");  // relative, and twice
  std::filesystem::create_symlink("target", folder / "sub/link");
  write_file_atomic(folder / "first", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "first"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "sub/link"));
  EXPECT_EQ(get_file(folder / "sub/target"), "new");

  std::filesystem::create_symlink(folder / "sub/later", folder / "dangling");
  write_file_atomic(folder / "dangling", "made");
  EXPECT_EQ(get_file(folder / "sub/later"), "made");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "dangling"));

  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_EQ(write_error(folder / "loop"),
            (folder / "loop") + ": can't be written, Too many levels of symbolic links");
}

TEST(WriteFileAtomic, TakesTheLongestName) {
  const TempFolder folder;
  const std::string path = folder / std::string(255, 'n');
  write_file_atomic(path, "x");
  EXPECT_EQ(get_file(path), "x");
}

TEST(WriteFileAtomic, TakesAPathWithoutFolder) {
  const TempFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_file_atomic("f", "x");
  std::filesystem::current_path(before);
  EXPECT_EQ(get_file(folder / "f"), "x");
}

TEST(WriteFileAtomic, ReportsFailures) {
  const TempFolder folder;
  const std::string missing = folder / "none/f";
  EXPECT_EQ(write_error(missing), missing + ": can't be written, No such file or directory");
  EXPECT_EQ(write_error(folder.path()), folder.path() + ": can't be written, is a folder");
  put_file(folder / "f", "old");
  EXPECT_EQ(write_error(folder / "f/g"), (folder / "f/g") + ": can't be written, Not a directory");
  EXPECT_NE(write_error(""), "no error");
  EXPECT_EQ(write_error("/proc/none").find("/proc/none: can't be written, "), 0u);
}

TEST(WriteFileAtomic, ReportsAMissingPermission) {
  const TempFolder folder;
  if (::geteuid() == 0) GTEST_SKIP() << "permissions do not bind the super user";
  ::chmod(folder.path().c_str(), 0500);
  EXPECT_EQ(write_error(folder / "f"), (folder / "f") + ": can't be written, Permission denied");
  ::chmod(folder.path().c_str(), 0700);
}

// The limit makes the first write short and the second fail, as on a disk that fills up.
TEST(WriteFileAtomic, FailsWholeWhereTheDiskIsFull) {
  const TempFolder folder;
  put_file(folder / "f", "old");
  rlimit old;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  rlimit limit = old;
  limit.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string message = write_error(folder / "f", all_bytes(10'000));
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(message, (folder / "f") + ": can't be written, File too large");
  EXPECT_EQ(get_file(folder / "f"), "old");
  EXPECT_EQ(folder.size(), 1) << "no temporary file is left";
}

// The devices of these tests are their own: a bug that replaces what it should write in place, met
// by the super user, would take /dev/null or /dev/full away from the whole machine.
TEST(WriteFileAtomic, ReportsAFullDevice) {
  const TempFolder folder;
  const std::string device = folder / "full";
  const bool made = ::mknod(device.c_str(), S_IFCHR | 0666, makedev(1, 7)) == 0;
  const int fd = made ? ::open(device.c_str(), O_WRONLY) : -1;
  if (fd < 0) GTEST_SKIP() << "only the super user can make a device to write to";
  ::close(fd);
  EXPECT_EQ(write_error(device), device + ": can't be written, No space left on device");
  EXPECT_TRUE(std::filesystem::is_character_file(device)) << "not replaced";
  EXPECT_EQ(folder.size(), 1);
}

TEST(WriteFileAtomic, WritesPipesInPlace) {
  const std::string bytes = all_bytes(200'000);
  EXPECT_EQ(through_pipe([&](const std::string& path) { write_file_atomic(path, bytes); }), bytes);

  const TempFolder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  write_file_atomic(fifo, "abc");
  char received[4];
  EXPECT_EQ(::read(reader, received, sizeof received), 3);
  ::close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(fifo)) << "not replaced";
}

// Each writer has a temporary file of its own, so the result is one of theirs and whole.
TEST(WriteFileAtomic, ManyAtOnce) {
  const TempFolder folder;
  std::vector<std::thread> writers;
  for (char c = 'a'; c < 'e'; ++c) {
    writers.emplace_back([&folder, c] {
      for (int i = 0; i < 20; ++i) write_file_atomic(folder / "f", std::string(50'000, c));
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string result = get_file(folder / "f");
  ASSERT_EQ(result.size(), 50'000u);
  EXPECT_EQ(result, std::string(50'000, result[0]));
  EXPECT_EQ(folder.size(), 1);
}

TEST(WriteFileAtomic, PassesOverALeftTemporaryFile) {
  const TempFolder folder;
  for (int i = 0; i < 1000; ++i) {
    put_file(
        folder / (".microgpt-" + std::to_string(::getpid()) + "-" + std::to_string(i) + ".tmp"),
        "left");
  }
  write_file_atomic(folder / "f", "x");
  EXPECT_EQ(get_file(folder / "f"), "x");
  EXPECT_EQ(folder.size(), 1001);
}

}  // namespace
}  // namespace microgpt
