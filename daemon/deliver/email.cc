#include "daemon/deliver/email.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "absl/strings/escaping.h"
#include "daemon/deliver/page_text.h"
#include "daemon/deliver/plain_text.h"
#include "daemon/source/json_scanner.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kLineBytes = 76;
constexpr size_t kSubjectBytesMax = 250;
// Of an encoded word, so that it fits on a line behind the longest name.
constexpr size_t kWordTextBytes = 33;

std::string Base64(std::string_view text) {
  return absl::Base64Escape(absl::string_view(text.data(), text.size()));
}

// In lines that every server takes.
std::string Base64Lines(std::string_view text) {
  const std::string encoded = Base64(text);
  std::string out;
  for (size_t at = 0; at < encoded.size(); at += kLineBytes) {
    CatTo(&out, std::string_view(encoded).substr(at, kLineBytes), "\r\n");
  }
  return out;
}

// The same for everybody who sends the same thing again.
std::string MessageId(std::string_view what) {
  return Cat("<", ToHex(Sha256({what})).substr(0, 32), "@escalationd>");
}

std::string DateText(Instant now) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t seconds = static_cast<time_t>(now.ms / 1000);
  tm utc{};
  gmtime_r(&seconds, &utc);
  char clock[16];
  strftime(clock, sizeof(clock), "%H:%M:%S", &utc);
  return Cat(kDays[static_cast<size_t>(utc.tm_wday)], ", ", utc.tm_mday, " ",
             kMonths[static_cast<size_t>(utc.tm_mon)], " ", utc.tm_year + 1900, " ", clock,
             " +0000");
}

std::string Html(const PageText& text) {
  std::string out = Cat("<!DOCTYPE html><html><body><h2>", EscapeHtml(text.title),
                        "</h2><table cellpadding=\"4\">");
  for (const PageLine& line : text.lines) {
    CatTo(&out, "<tr><th align=\"left\" valign=\"top\">", EscapeHtml(line.name), "</th><td>",
          EscapeHtml(line.value), "</td></tr>");
  }
  out += "</table>";
  for (const PageLine& link : text.links) {
    CatTo(&out, "<p><a href=\"", EscapeHtml(link.value), "\">", EscapeHtml(link.name), "</a></p>");
  }
  return out + "</body></html>\n";
}

std::string Part(std::string_view boundary, std::string_view type, std::string_view content) {
  return Cat("--", boundary, "\r\nContent-Type: ", type,
             "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", Base64Lines(content),
             "\r\n");
}

std::string Headers(const Delivery& delivery, const PageText& text, const DeliveryRoute& route,
                    Instant now) {
  const v1::Decision& decision = delivery.decision;
  const std::string& key = PageKeyOf(decision);
  const bool is_page = OperationOf(decision) == v1::PageOutcome::TRIGGER;
  std::string to;
  for (const std::string& address : route.mail.to) CatTo(&to, to.empty() ? "" : ", ", address);
  const std::string first = MessageId(Cat("page ", key));
  std::string out = Cat(HeaderLine("From", route.mail.from), HeaderLine("To", to),
                        HeaderLine("Subject", CutText(text.title, kSubjectBytesMax)),
                        HeaderLine("Date", DateText(now)));
  if (is_page) {
    out += HeaderLine("Message-ID", first);
  } else {
    CatTo(&out, HeaderLine("Message-ID", MessageId(Cat("decision ", decision.id()))),
          HeaderLine("In-Reply-To", first), HeaderLine("References", first));
  }
  CatTo(&out, HeaderLine("Auto-Submitted", "auto-generated"),
        HeaderLine("X-Escalation-Key", OneLine(key)));
  if (is_page) CatTo(&out, HeaderLine("Importance", "high"), HeaderLine("X-Priority", "1"));
  return out;
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; }) &&
         text.find("=?") == std::string_view::npos;
}

// Where to break a text after at most `bytes` of it, not within a code point.
size_t BreakAt(std::string_view text, size_t bytes) {
  size_t end = std::min(bytes, text.size());
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return end == 0 ? std::min(bytes, text.size()) : end;
}

// At blanks, as far as there are any.
std::string Fold(std::string_view name, std::string_view text) {
  std::string out = Cat(name, ":");
  size_t used = out.size();
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const bool breaks = used + 1 + end > kLineBytes && used > name.size() + 1;
    CatTo(&out, breaks ? "\r\n " : " ", text.substr(0, end));
    used = breaks ? 1 + end : used + 1 + end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\r\n";
}

}  // namespace

std::string HeaderLine(std::string_view name, std::string_view text) {
  const std::string line = OneLine(text);
  if (IsPlain(line) && line.size() <= 900) return Fold(name, line);
  std::string words;
  for (std::string_view rest = line; !rest.empty();) {
    const size_t end = BreakAt(rest, kWordTextBytes);
    CatTo(&words, words.empty() ? "" : " ", "=?UTF-8?B?", Base64(rest.substr(0, end)), "?=");
    rest.remove_prefix(end);
  }
  return Fold(name, words);
}

absl::StatusOr<HttpCall> Email::Build(const Delivery& delivery, const DeliveryRoute& route,
                                      Instant now) const {
  const PageText text = PageTextOf(delivery);
  // Base64 never begins a line with "--".
  const std::string boundary = Cat("part-", ToHex(Sha256({delivery.decision.id()})).substr(0, 24));
  HttpCall call;
  call.url = route.url.Reveal();
  call.timeout = route.timeout;
  call.mail = MailEnvelope{route.mail.from, route.mail.to, route.mail.user, route.key.Reveal(),
                           route.mail.encrypted};
  call.body = Cat(Headers(delivery, text, route, now),
                  "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"", boundary,
                  "\"\r\n\r\n", Part(boundary, "text/plain", text.message),
                  Part(boundary, "text/html", Html(text)), "--", boundary, "--\r\n");
  return call;
}

Verdict Email::Classify(const HttpReply& reply) const {
  if (reply.kind != HttpReply::Kind::kResponse) return ClassifyTransport(reply);
  Verdict verdict;
  verdict.reason = Cat("code ", reply.status, ": ", reply.body);
  if (reply.status >= 200 && reply.status < 300) {
    verdict.kind = Verdict::Kind::kDelivered;
  } else if (reply.status >= 500 && reply.status < 600) {
    verdict.kind = Verdict::Kind::kFailed;
  } else {
    // 4xx: it did not take it. Anything else is no end of a conversation.
    verdict.maybe_received = reply.status < 400 || reply.status >= 600;
  }
  return verdict;
}

}  // namespace escalation
