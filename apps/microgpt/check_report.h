// What `microgpt check` found, in the forms that it shows it in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "microgpt/check.h"

namespace microgpt {

struct FixedList {
  std::string path;
  std::string changes_path;
  std::size_t documents = 0;
  std::size_t changes = 0;
  ListReport list;  // what a check of it finds
};

struct CheckReport {
  std::string file;  // its name
  CheckConfig config;
  ListReport list;
  std::optional<Suggestion> suggestion;  // for trained(); none if that has errors
  double seconds = 0;                    // that it takes to train
  std::optional<FixedList> fixed;

  // What is to be trained on: the clean copy where there is one.
  const ListReport& trained() const { return fixed ? fixed->list : list; }
};

// "microgpt train --data list.txt ...": what is suggested, as it can be typed.
std::string train_command_line(const CheckReport& report);

// For people, and for machines (docs/check.md).
std::string check_table(const CheckReport& report);
std::string check_json(const CheckReport& report);

}  // namespace microgpt
