// Models to look at: those on disk, and two that the program has in itself.
#pragma once

#include <string>

#include "microgpt/checkpoint.h"
#include "microgpt/engine.h"

namespace microgpt {

// How options call such a model.
inline constexpr char kAnyModel[] = "MODEL|toy|untrained";

// "toy": the walkthrough's model of 72 parameters. "untrained": what `train` starts from with
// microgpt.py's settings. Anything else, "./toy" too: a model.json or the folder of a run, whose
// moments come along.
//   data: whose letters an untrained model has, as in load_data; other models pass it over.
// Throws Error: see read_run, load_data.
Model open_model(const std::string& name, const std::string& data = "embedded");

// Adam's next update of a model, with the settings it was trained with, or microgpt.py's: the first
// one where there are no moments to go on from. A run at its end gets one step more, as
// `train --resume` with --num-steps would take it.
OptimizerStep next_step(const Model& model);

}  // namespace microgpt
