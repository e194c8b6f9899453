/* A world whose people have names that no one typed: the same ones whenever a place is visited
 * again, for a name is a function of the place and of the person's number.
 *
 *     microgpt export out --to c-header --weights int8 --name names --out names.h
 *     cc -std=c99 game.c -o game && ./game */
#include <stdio.h>

#define NAMES_IMPLEMENTATION
#include "names.h"

enum { kWidth = 3, kPeople = 4 };

struct game {
  int x, y, tick;
  struct names_state names;
};

/* Who lives at a place. */
static void meet_people(struct game *game) {
  char name[NAMES_NAME_SIZE];
  int person;
  names_init(&game->names, (uint64_t)(game->y * kWidth + game->x));
  game->names.temperature = 0.6f;
  printf("tick %d, at (%d, %d):", game->tick, game->x, game->y);
  for (person = 0; person < kPeople; ++person) {
    names_next(&game->names, name, sizeof name);
    printf(" %s", name);
  }
  printf("\n");
}

/* One key: n, e, s or w. Beyond the edge of the world is its other side. */
static void walk(struct game *game, char key) {
  game->x = (game->x + (key == 'e') - (key == 'w') + kWidth) % kWidth;
  game->y = (game->y + (key == 's') - (key == 'n') + kWidth) % kWidth;
}

int main(void) {
  const char *keys = "esnw"; /* a player who comes back */
  struct game game = {0, 0, 0, {0}};
  meet_people(&game);
  for (; *keys != '\0'; ++keys) {
    ++game.tick;
    walk(&game, *keys);
    meet_people(&game);
  }
  return 0;
}
