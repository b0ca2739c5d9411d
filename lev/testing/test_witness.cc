#include "lev/testing/test_witness.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lev {

TestWitness::TestWitness(MemoryNetwork& network, HostOf host_of)
    : network_(network), host_of_(std::move(host_of)) {}

TestWitness::~TestWitness() {
  for (const Entry& entry : entries_) entry.permits->set_witness(nullptr);
}

void TestWitness::Runs(const Task& task) {
  if (!network_.traces()) return;
  std::string line = absl::StrCat("run ", task.Describe());
  if (host_of_) absl::StrAppend(&line, " on ", host_of_(task).name());
  network_.Note(line);
}

void TestWitness::FailedUnheard(const std::string& who,
                                absl::string_view error) {
  failures_.push_back(
      absl::StrCat(who, " failed, and nobody awaited it: ", error));
}

void TestWitness::Took(Permits& permits, size_t count, const Task* task) {
  Entry& entry = EntryOf(permits, permits.held() - count);
  if (task == nullptr) return;
  entry.taker = task->Describe();
  if (host_of_) entry.host = &host_of_(*task);
}

void TestWitness::Watch(Permits& permits) { EntryOf(permits, 0).before = 0; }

TestWitness::Entry& TestWitness::EntryOf(Permits& permits, size_t before) {
  for (Entry& entry : entries_) {
    if (entry.permits == &permits) return entry;
  }
  permits.set_witness(this);
  entries_.push_back({.permits = &permits, .before = before});
  return entries_.back();
}

void TestWitness::Goes(Permits& permits) {
  const auto found = std::find_if(
      entries_.begin(), entries_.end(),
      [&](const Entry& entry) { return entry.permits == &permits; });
  if (found == entries_.end()) return;
  std::string left = Describe(*found);
  entries_.erase(found);
  if (!left.empty()) gone_.push_back(std::move(left));
}

void TestWitness::Forgive(const MemoryHost& host) {
  for (Entry& entry : entries_) {
    if (entry.host == &host) entry.before = entry.permits->held();
  }
}

// "" if all was given back, and nobody waits.
std::string TestWitness::Describe(const Entry& entry) {
  const Permits& permits = *entry.permits;
  const size_t waiting = permits.waiting();
  if (permits.held() <= entry.before && waiting == 0) return "";
  std::string text = absl::StrCat(permits.DescribeHeld(), " not released");
  if (!entry.taker.empty()) {
    absl::StrAppend(&text, ", last taken by ", entry.taker);
  }
  if (waiting > 0) absl::StrAppend(&text, "; ", waiting, " still waiting");
  return text;
}

void TestWitness::Report(Leftovers& leftovers) const {
  for (const std::string& failure : failures_) leftovers.Add(failure);
  for (const std::string& left : gone_) leftovers.Add(left);
  for (const Entry& entry : entries_) {
    std::string left = Describe(entry);
    if (!left.empty()) leftovers.Add(std::move(left));
  }
}

}  // namespace lev
