// What decides where several orders are legal.
//
// The loop asks it which of those that are ready runs next, which of the events
// of one poll comes first, and where a fair choice among several operations
// begins; without one it takes them as they come, and begins evenly. So whoever
// answers decides on the whole course of a program in virtual time: a
// seed takes one course at random, again and again the same; a test takes all
// of them, one after the other (tests/support/explorer.h).

#ifndef LEV_LOOP_CHANCE_H_
#define LEV_LOOP_CHANCE_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lev {

class Chance {
 public:
  virtual ~Chance() = default;

  // One of 0 to `options` - 1, where there are two options at least. 0 is what
  // would happen without chance.
  virtual size_t Choose(size_t options) = 0;

  // Brings `items` into one of all their orders.
  template <typename T>
  void Permute(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[i - 1 - Choose(i)]);
    }
  }
};

class SeededChance final : public Chance {
 public:
  explicit SeededChance(uint64_t seed) : state_(seed) {}

  // splitmix64 (Steele, Lea, Flood 2014): the same everywhere, unlike what the
  // C++ library has.
  size_t Choose(size_t options) override {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % options;
  }

 private:
  uint64_t state_;
};

}  // namespace lev

#endif  // LEV_LOOP_CHANCE_H_
