# CMake has no words on this system and says so at length where it finds none; nothing needs to be said.
