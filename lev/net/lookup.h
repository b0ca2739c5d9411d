// What is known of a host's addresses: each family is answered for itself, so
// that who connects can begin with the first.
//
// A Lookup belongs to whoever asked, and is filled by a Resolver. It is the
// list to wait on: it fires at each answer. Destroying it abandons what is not
// answered yet, and wakes who waits there. Neither copied nor moved.

#ifndef LEV_NET_LOOKUP_H_
#define LEV_NET_LOOKUP_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lev/loop/waiter.h"
#include "lev/net/address.h"

namespace lev {

// `addresses`; if there are none, the error that says so of `name`.
absl::StatusOr<std::vector<Address>> SomeAddresses(
    std::vector<Address> addresses, absl::string_view name);

class Lookup final : public WaitList {
 public:
  // Somebody who will call Answer, and wants to know when nobody listens.
  class Source {
   public:
    virtual void Abandon() = 0;

   protected:
    ~Source() = default;
  };

  // Asks for the addresses of `family`: AF_INET, AF_INET6, or AF_UNSPEC for
  // both.
  explicit Lookup(int family);
  ~Lookup() override;

  // Whose addresses these are, for humans.
  void SetName(absl::string_view name) { name_ = std::string(name); }
  const std::string& name() const { return name_; }

  bool asks(int family) const { return families_[IndexOf(family)].asked; }

  // `source` will answer for `family`, which is asked.
  void Expect(int family, Source& source);

  // The answer for `family`, once; for a family that is not asked, nothing
  // happens. Fires.
  void Answer(int family, absl::StatusOr<std::vector<Address>> answer);

  // One error for all that is not answered.
  void Fail(const absl::Status& error);

  // `family` has its answer, or is not asked.
  bool answered(int family) const;
  // Both have.
  bool complete() const;

  // Those answered so far, the one to be tried first in front (RFC 6724).
  const std::vector<Address>& addresses(int family) const {
    return families_[IndexOf(family)].addresses;
  }

  // Once complete: why there is no address at all; OK if there is one.
  absl::Status error() const;

  // `the addresses of "x.test"`
  std::string Describe() const override;

 private:
  struct Family {
    bool asked = false;
    bool answered = false;
    Source* source = nullptr;
    std::vector<Address> addresses;
    absl::Status error;
  };

  static int IndexOf(int family);

  std::string name_;
  Family families_[2];
};

}  // namespace lev

#endif  // LEV_NET_LOOKUP_H_
