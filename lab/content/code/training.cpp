// What training.py shows in C++, where the project's own sources have no short function for it.
#include <cassert>
#include <vector>

struct Parameter {
  double data = 0;
  double grad = 0;
};

// region sgd
// Each parameter goes against its own slope, the further the steeper it is.
void sgd(std::vector<Parameter>& parameters, double learning_rate) {
  for (Parameter& parameter : parameters) {
    parameter.data -= learning_rate * parameter.grad;
    parameter.grad = 0;
  }
}
// endregion

int main() {
  // L = p * p / 2, whose slope is p.
  std::vector<Parameter> parameters = {{2.5, 2.5}, {-2.5, -2.5}, {0, 0}};
  sgd(parameters, 0.5);
  assert(parameters[0].data == 1.25 && parameters[1].data == -1.25 && parameters[2].data == 0);
  assert(parameters[0].grad == 0);
}
