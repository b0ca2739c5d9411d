// Chance that comes from a seed: the same seed, the same throws, everywhere.

#ifndef LEV_TESTING_DICE_H_
#define LEV_TESTING_DICE_H_

#include <cstdint>

namespace lev {

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  // Evenly distributed: 0 <= Below(bound) < bound, which is not 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }

  // True with this probability. For 0 and for 1 nothing is thrown, so that
  // what cannot fail does not change what comes after it.
  bool Comes(double probability) {
    if (probability <= 0) return false;
    if (probability >= 1) return true;
    return static_cast<double>(Next() >> 11) < probability * kSteps;
  }

 private:
  static constexpr double kSteps = 9007199254740992.0;  // 2^53

  // splitmix64 (Steele, Lea, Flood 2014).
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace lev

#endif  // LEV_TESTING_DICE_H_
