#include "lev/testing/packet.h"

#include "absl/strings/str_cat.h"

namespace lev {

std::string Packet::Describe() const {
  switch (kind) {
    case Kind::kSyn:
      return "syn";
    case Kind::kSynAck:
      return "syn ack";
    case Kind::kData:
      return absl::StrCat("data ", data.size(), " at ", seq, fin ? " fin" : "");
    case Kind::kAck:
      return absl::StrCat("ack ", ack, " window ", window);
    case Kind::kReset:
      return "reset";
    case Kind::kDatagram:
      return absl::StrCat("datagram ", data.size());
    case Kind::kRefused:
      return "refused";
  }
  return "";
}

}  // namespace lev
