// The chapters of the book, which the program carries.
#pragma once

#include <vector>

#include "microgpt/book.h"

namespace microgpt {

// The files of book/, in their order.
std::vector<BookChapter> embedded_book();

}  // namespace microgpt
