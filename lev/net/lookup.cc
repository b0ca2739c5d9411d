#include "lev/net/lookup.h"

#include <sys/socket.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "lev/loop/check.h"
#include "lev/net/error.h"

namespace lev {
namespace {

// How much an error says of the name; "not found" holds for both families,
// "no address" only for its own.
int Weight(const absl::Status& error) {
  if (error.ok()) return 0;
  if (absl::IsNotFound(error)) return 3;
  return absl::IsFailedPrecondition(error) ? 1 : 2;
}

}  // namespace

absl::StatusOr<std::vector<Address>> SomeAddresses(
    std::vector<Address> addresses, absl::string_view name) {
  if (addresses.empty()) return NoAddressError(name);
  return addresses;
}

int Lookup::IndexOf(int family) {
  LEV_CHECK(family == AF_INET || family == AF_INET6, "no family of addresses");
  return family == AF_INET6 ? 0 : 1;
}

Lookup::Lookup(int family) : WaitList(Origin::kOutside) {
  for (const int one : {AF_INET6, AF_INET}) {
    families_[IndexOf(one)].asked = family == one || family == AF_UNSPEC;
  }
}

Lookup::~Lookup() {
  for (Family& family : families_) {
    if (family.source != nullptr) family.source->Abandon();
  }
  FireAll();
}

std::string Lookup::Describe() const {
  return absl::StrCat("the addresses of \"", name_, "\"");
}

void Lookup::Expect(int family, Source& source) {
  families_[IndexOf(family)].source = &source;
}

void Lookup::Answer(int family, absl::StatusOr<std::vector<Address>> answer) {
  Family& slot = families_[IndexOf(family)];
  slot.source = nullptr;
  if (!slot.asked || slot.answered) return;
  slot.answered = true;
  slot.error = answer.status();
  if (answer.ok()) slot.addresses = *std::move(answer);
  FireAll();
}

void Lookup::Fail(const absl::Status& error) {
  for (const int family : {AF_INET6, AF_INET}) Answer(family, error);
}

bool Lookup::answered(int family) const {
  const Family& slot = families_[IndexOf(family)];
  return slot.answered || !slot.asked;
}

bool Lookup::complete() const {
  return answered(AF_INET6) && answered(AF_INET);
}

absl::Status Lookup::error() const {
  const absl::Status* worst = &families_[0].error;
  for (const Family& family : families_) {
    if (!family.addresses.empty()) return absl::OkStatus();
    if (Weight(family.error) > Weight(*worst)) worst = &family.error;
  }
  return *worst;
}

}  // namespace lev
