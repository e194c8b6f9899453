// A probe that takes down everything that the model makes.
#pragma once

#include <cstddef>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "microgpt/trace.h"
#include "reference/gpt.h"
#include "reference/value.h"

namespace microgpt {

class Recorder {
 public:
  // Rounds what it takes down, if asked to. Holds on to the tape.
  Recorder(reference::Tape& tape, std::optional<int> round) : tape_(tape), round_(round) {}

  // A number whose nodes have no name yet is given its own; others are views of what was made
  // before.
  void record(std::string name, std::vector<std::size_t> shape, std::vector<std::uint32_t> nodes,
              Origin origin);

  // Takes out what was recorded, and the names of the first num_nodes nodes.
  std::vector<Traced> take_traced() { return std::move(traced_); }
  std::vector<Element> take_names(std::size_t num_nodes);

 private:
  void round(std::string_view name, std::uint32_t node);

  reference::Tape& tape_;
  std::optional<int> round_;
  std::vector<Traced> traced_;
  std::vector<Element> names_;
};

// See reference/probe.h.
class RecordingProbe {
 public:
  explicit RecordingProbe(Recorder& recorder, std::string prefix = "")
      : recorder_(&recorder), prefix_(std::move(prefix)) {}

  RecordingProbe in(const char* part) const {
    return RecordingProbe(*recorder_, prefix_ + part + ".");
  }
  RecordingProbe in(const char* part, std::size_t index) const {
    return in((part + std::to_string(index)).c_str());
  }

  template <class Made>
  Made&& operator()(const char* name, Made&& made,
                    std::source_location place = std::source_location::current()) const {
    take_down(prefix_ + name, made, place);
    return std::forward<Made>(made);
  }

 private:
  using Value = reference::Value;
  using Row = reference::Vector<Value>;

  void take_down(const std::string& name, const Value& number, const std::source_location&) const;
  void take_down(const std::string& name, const Row& row, const std::source_location&) const;
  void take_down(const std::string& name, const std::vector<Row>& rows,
                 const std::source_location&) const;

  Recorder* recorder_;
  std::string prefix_;
};

}  // namespace microgpt
