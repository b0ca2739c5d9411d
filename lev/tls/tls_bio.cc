#include "lev/tls/tls_bio.h"

#include <utility>

#include "absl/types/span.h"
#include "lev/net/error.h"

namespace lev {

BIO* TlsBio::NewBio() {
  static const BIO_METHOD* const method = MakeMethod();
  BIO* const bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

IoResult TlsBio::Flush() {
  if (!write_error_.ok()) return IoResult::Failed();
  while (held() > 0) {
    const IoResult result =
        beneath_.TryWrite({held_.data() + flushed_, held()});
    if (result.failed()) {
      write_error_ = beneath_.error();
      held_ = std::string();
      flushed_ = 0;
    }
    if (!result.done()) return result;
    flushed_ += result.bytes;
  }
  // An idle connection holds no buffer.
  if (flushed_ > 0) held_ = std::string();
  flushed_ = 0;
  return IoResult::Done(0);
}

// In order, behind what is kept; after an error nothing goes any more.
void TlsBio::Take(absl::string_view data) {
  if (!Flush().failed() && held() == 0) {
    const IoResult result = beneath_.TryWrite({data.data(), data.size()});
    if (result.failed()) write_error_ = beneath_.error();
    data.remove_prefix(result.bytes);
  }
  if (write_error_.ok()) held_.append(data.data(), data.size());
}

int TlsBio::Read(BIO* bio, char* out, size_t size, size_t* count) {
  TlsBio& self = *static_cast<TlsBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *count = 0;
  if (self.read_end_.ok()) {
    const IoResult result = self.beneath_.TryRead(absl::MakeSpan(out, size));
    if (result.failed()) self.read_end_ = self.beneath_.error();
    if (result.end_of_file()) self.read_end_ = TruncatedError();
    *count = result.bytes;
  }
  if (*count > 0) return 1;
  BIO_set_retry_read(bio);
  return -1;
}

int TlsBio::Write(BIO* bio, const char* data, size_t size, size_t* count) {
  BIO_clear_retry_flags(bio);
  static_cast<TlsBio*>(BIO_get_data(bio))->Take({data, size});
  *count = size;
  return 1;
}

long TlsBio::Control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* TlsBio::MakeMethod() {
  BIO_METHOD* const method =
      BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lev stream");
  BIO_meth_set_read_ex(method, Read);
  BIO_meth_set_write_ex(method, Write);
  BIO_meth_set_ctrl(method, Control);
  return method;
}

}  // namespace lev
