#include <microgpt/dataset.h>
#include <microgpt/policy.h>
#include <microgpt/version.h>

#include <iostream>

// Reaches into the library far enough to need what it is itself linked with.
int main() {
  const microgpt::Dataset dataset("emma\nolivia\n", "consumer");
  microgpt::PolicyReader reader(microgpt::parse_policy("olive\nlivi\n", "words"));
  const auto banned = reader.find("OL\u00cdVIA");
  std::cout << microgpt::version() << ' ' << dataset.sha256() << ' ' << banned.value_or(99) << '\n';
}
