// Value, grown in three stages; value.cpp is the fourth.
#include <cassert>
#include <memory>
#include <vector>

namespace stage1 {
// region value-data
struct Value {
  double data;
};
// endregion

void check() {
  const Value a = {-6.0}, b = {7.0};
  assert(a.data == -6 && b.data == 7);
}
}  // namespace stage1

namespace stage2 {
// region value-operators
struct Value {
  double data;

  friend Value operator+(Value a, Value b) { return {a.data + b.data}; }
  friend Value operator*(Value a, Value b) { return {a.data * b.data}; }
};
// endregion

void check() {
  const Value a = {-6.0}, b = {7.0}, c = {10.0};
  const Value d = a * b + c;
  assert(d.data == -32);
}
}  // namespace stage2

namespace stage3 {
// region value-children
struct Node {
  double data;
  std::vector<std::shared_ptr<Node>> children;
};

using Value = std::shared_ptr<Node>;

Value value(double data) { return std::make_shared<Node>(data); }
Value operator+(Value a, Value b) {
  return std::make_shared<Node>(a->data + b->data, std::vector{a, b});
}
Value operator*(Value a, Value b) {
  return std::make_shared<Node>(a->data * b->data, std::vector{a, b});
}
// endregion

void check() {
  const Value a = value(2.0), b = value(3.0);
  const Value c = a * b, L = c + a;
  assert(L->data == 8);
  assert((c->children == std::vector{a, b}) && (L->children == std::vector{c, a}));
  assert(a->children.empty());
}
}  // namespace stage3

int main() {
  stage1::check();
  stage2::check();
  stage3::check();
}
