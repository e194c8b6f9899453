// What `microgpt bench` measures.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace microgpt {

// Of the rounds of a measurement.
struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

struct TrainingRow {
  std::string model;  // "default", "L4 H4 C128 T64", ...
  std::string engine;
  int batch = 1;  // sequences a step
  int threads = 1;
  Spread us;              // microseconds a step; all 0 where the engine is too slow
  double slow = 0;        // seconds that a step would take, where that is too long to measure
  double tokens = 0;      // predicted in a step
  double operations = 0;  // floating-point, of a step: 6 N + 12 L C T a token
  double peak = 0;        // operations a second that multiply-adds reach on these threads
  double bytes = 0;       // of memory that the engine takes at most; 0 where that can't be told
};

struct SamplingRow {
  std::string engine;
  int threads = 1;
  bool many = false;  // at once, in lanes, or one after the other
  Spread us;          // microseconds a name
};

struct Peaks {
  int threads = 1;
  double float32 = 0;  // operations a second
  double float64 = 0;
  double memory = 0;  // bytes a second, read
};

struct Measurements {
  std::vector<Peaks> peaks;  // of one thread and of all
  std::vector<TrainingRow> training;
  std::vector<SamplingRow> sampling;
};

// Measures on this machine: each round takes all engines of a model in turn, so that what disturbs
// one disturbs all.
//   quick     the default model only
//   progress  told what comes next; false ends the measurement, and nothing is returned
Measurements measure(int rounds, bool quick,
                     const std::function<bool(const std::string& what)>& progress);

}  // namespace microgpt
