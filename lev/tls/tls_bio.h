// What stands between OpenSSL and the stream beneath.
//
// OpenSSL never hears of trouble down there. A write that the stream does not
// take is kept here and counts as done: OpenSSL would otherwise insist that
// the very same bytes be sent next, and a send that was given up half-way would
// spoil all later ones. A read that fails, or finds the end, looks as if there
// were nothing yet: OpenSSL would otherwise give up the connection in both
// directions. The truth is told by read_end() and write_error().
//
// What is kept is bounded by the users: they flush before they produce more.

#ifndef LEV_TLS_TLS_BIO_H_
#define LEV_TLS_TLS_BIO_H_

#include <openssl/bio.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lev/net/io_result.h"
#include "lev/net/stream.h"

namespace lev {

class TlsBio {
 public:
  // `beneath` outlives this, and this outlives its BIOs.
  explicit TlsBio(Stream& beneath) : beneath_(beneath) {}
  TlsBio(const TlsBio&) = delete;
  TlsBio& operator=(const TlsBio&) = delete;

  // A BIO over this one, for an SSL to own; null without memory.
  BIO* NewBio();

  // Writes what is kept: Done when nothing is left.
  IoResult Flush();
  size_t held() const { return held_.size() - flushed_; }

  // Why nothing more can be read: TruncatedError at the end of the stream, or
  // the stream's error. OK as long as more may come.
  const absl::Status& read_end() const { return read_end_; }

  // Why nothing more can be written, or OK.
  const absl::Status& write_error() const { return write_error_; }

 private:
  static int Read(BIO* bio, char* out, size_t size, size_t* count);
  static int Write(BIO* bio, const char* data, size_t size, size_t* count);
  static long Control(BIO* bio, int command, long number, void* pointer);
  static BIO_METHOD* MakeMethod();

  void Take(absl::string_view data);

  Stream& beneath_;
  std::string held_;
  size_t flushed_ = 0;  // Of those.
  absl::Status read_end_;
  absl::Status write_error_;
};

}  // namespace lev

#endif  // LEV_TLS_TLS_BIO_H_
