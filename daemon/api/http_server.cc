#include "daemon/api/http_server.h"

#include <microhttpd.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/api/connection_watch.h"
#include "daemon/api/listen_socket.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// One request from its first header to the end of its answer.
struct Exchange {
  HttpRequest request;
  bool too_large = false;
  bool dispatched = false;
  int socket = -1;

  std::mutex mutex;
  // Below: guarded by mutex, since answers come from any thread.
  MHD_Connection* connection = nullptr;  // Null: the client is gone.
  bool suspended = false;
  std::optional<HttpResponse> response;
};

void Answer(Exchange* exchange, HttpResponse response) {
  const std::lock_guard<std::mutex> lock(exchange->mutex);
  if (exchange->response.has_value() || exchange->connection == nullptr) return;
  exchange->response = std::move(response);
  if (!exchange->suspended) return;
  exchange->suspended = false;
  MHD_resume_connection(exchange->connection);
}

// Answers when the handler forgets to.
struct Obligation {
  std::shared_ptr<Exchange> exchange;
  explicit Obligation(std::shared_ptr<Exchange> e) : exchange(std::move(e)) {}
  Obligation(const Obligation&) = delete;
  Obligation& operator=(const Obligation&) = delete;
  ~Obligation() {
    Answer(exchange.get(), ErrorResponse(500, "the request was dropped unanswered"));
  }
};

int SocketOf(MHD_Connection* connection) {
  const MHD_ConnectionInfo* info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == nullptr ? -1 : info->connect_fd;
}

MHD_Result Queue(MHD_Connection* connection, HttpResponse response) {
  // The library keeps a pointer into the body until it has sent it.
  auto* body = new std::string(std::move(response.body));
  MHD_Response* reply = MHD_create_response_from_buffer_with_free_callback_cls(
      body->size(), body->data(), [](void* text) { delete static_cast<std::string*>(text); }, body);
  if (reply == nullptr) {
    delete body;
    return MHD_NO;
  }
  MHD_add_response_header(reply, "Content-Type", response.content_type.c_str());
  MHD_add_response_header(reply, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) {
    MHD_add_response_header(reply, name.c_str(), value.c_str());
  }
  const MHD_Result result =
      MHD_queue_response(connection, static_cast<unsigned>(response.status), reply);
  MHD_destroy_response(reply);
  return result;
}

// Counts the headers that say where the body ends.
MHD_Result CountLength(void* cls, MHD_ValueKind, const char* key, const char*) {
  const bool counts =
      strcasecmp(key, "Content-Length") == 0 || strcasecmp(key, "Transfer-Encoding") == 0;
  *static_cast<int*>(cls) += counts ? 1 : 0;
  return MHD_YES;
}

// The library takes the first of several, a proxy before it perhaps another: one request could hide
// in another's body.
bool AmbiguousLength(MHD_Connection* connection) {
  int lengths = 0;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &CountLength, &lengths);
  return lengths > 1;
}

MHD_Result CollectQuery(void* cls, MHD_ValueKind, const char* key, const char* value) {
  const std::optional<std::string> name = PercentDecode(key);
  const std::optional<std::string> text = PercentDecode(value == nullptr ? "" : value);
  if (!name || !text) return MHD_NO;
  static_cast<HttpPairs*>(cls)->emplace_back(*name, *text);
  return MHD_YES;
}

MHD_Result CollectHeader(void* cls, MHD_ValueKind, const char* key, const char* value) {
  std::string name(key);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  static_cast<HttpPairs*>(cls)->emplace_back(std::move(name), value == nullptr ? "" : value);
  return MHD_YES;
}

}  // namespace

class HttpServer::Impl {
  using Holder = std::shared_ptr<Exchange>;

 public:
  Impl(const HttpServerOptions& options, HttpHandler* handler, ListenSocket socket)
      : options_(options),
        handler_(*handler),
        socket_(std::move(socket)),
        watch_(options.request_timeout) {}

  absl::Status Open() {
    const unsigned flags =
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    const unsigned threads = std::min(options_.threads, options_.connections_max);
    daemon_ = MHD_start_daemon(
        flags, 0, nullptr, nullptr, &Impl::OnAccess, this, MHD_OPTION_LISTEN_SOCKET, socket_.fd,
        MHD_OPTION_NOTIFY_COMPLETED, &Impl::OnCompleted, this, MHD_OPTION_NOTIFY_CONNECTION,
        &Impl::OnConnection, this, MHD_OPTION_UNESCAPE_CALLBACK, &Impl::OnUnescape, this,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options_.connection_bytes_max,
        MHD_OPTION_CONNECTION_LIMIT, options_.connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
        static_cast<unsigned>(options_.idle_timeout.count()), MHD_OPTION_THREAD_POOL_SIZE,
        threads > 1 ? threads : 0u, MHD_OPTION_END);
    if (daemon_ != nullptr) return absl::OkStatus();
    close(socket_.fd);
    if (!socket_.path.empty()) unlink(socket_.path.c_str());
    return absl::UnavailableError(Cat("listen: ", socket_.address, ": the server did not start"));
  }

  void Stop(std::chrono::milliseconds drain) {
    if (daemon_ == nullptr) return;
    // Refuses at once; closed only when no thread of the library can use the number any more.
    const int listening = MHD_quiesce_daemon(daemon_);
    if (listening >= 0) shutdown(listening, SHUT_RDWR);
    if (!socket_.path.empty()) unlink(socket_.path.c_str());
    std::vector<Holder> late;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      stopping_ = true;
      idle_.wait_for(lock, drain, [this] { return under_way_.empty(); });
      late.assign(under_way_.begin(), under_way_.end());
    }
    // The library insists that nothing is suspended when it stops.
    for (const auto& exchange : late) {
      Answer(exchange.get(), ErrorResponse(503, "the server is stopping"));
    }
    MHD_stop_daemon(daemon_);
    daemon_ = nullptr;
    if (listening >= 0) close(listening);
  }

  const ListenSocket& socket() const { return socket_; }

 private:
  static MHD_Result OnAccess(void* cls, MHD_Connection* connection, const char* url,
                             const char* method, const char*, const char* data, size_t* size,
                             void** state) {
    auto* impl = static_cast<Impl*>(cls);
    if (*state == nullptr) return impl->Begin(connection, url, method, state);
    const Holder& exchange = *static_cast<Holder*>(*state);
    if (*size > 0) {
      impl->TakeBody(exchange.get(), std::string_view(data, *size));
      *size = 0;
      return MHD_YES;
    }
    return exchange->dispatched ? impl->Finish(exchange) : impl->Dispatch(exchange);
  }

  // The headers are complete.
  MHD_Result Begin(MHD_Connection* connection, const char* url, const char* method, void** state) {
    auto exchange = std::make_shared<Exchange>();
    exchange->connection = connection;
    exchange->socket = SocketOf(connection);
    exchange->request.method = method;
    exchange->request.path = url;
    *state = new Holder(exchange);
    if (AmbiguousLength(connection)) {
      HttpResponse response =
          ErrorResponse(400, "expected one Content-Length or Transfer-Encoding header");
      response.headers.emplace_back("Connection", "close");
      return Queue(connection, std::move(response));
    }
    const char* length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (length == nullptr) return MHD_YES;
    uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(length, length + std::strlen(length), bytes);
    if (error == std::errc() && *end == '\0' && bytes <= options_.body_bytes_max) return MHD_YES;
    // Before any byte of the body: the connection is closed instead of reading it.
    return Queue(connection, TooLarge());
  }

  HttpResponse TooLarge() const {
    HttpResponse response = ErrorResponse(
        413, Cat("the body is too large, expected at most ", options_.body_bytes_max, " bytes"));
    response.headers.emplace_back("Connection", "close");
    return response;
  }

  void TakeBody(Exchange* exchange, std::string_view data) {
    std::string& body = exchange->request.body;
    if (body.size() + data.size() <= options_.body_bytes_max && !exchange->too_large) {
      body.append(data);
      return;
    }
    // Chunked: read to its end or its deadline, and thrown away.
    exchange->too_large = true;
    body = std::string();
  }

  MHD_Result Dispatch(const Holder& exchange) {
    exchange->dispatched = true;
    watch_.Answering(exchange->socket);
    if (exchange->too_large) return Queue(exchange->connection, TooLarge());
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) {
        HttpResponse response = ErrorResponse(503, "the server is stopping");
        response.headers.emplace_back("Connection", "close");
        return Queue(exchange->connection, std::move(response));
      }
      under_way_.insert(exchange);
    }
    if (!Complete(exchange->connection, &exchange->request)) {
      return Queue(exchange->connection, ErrorResponse(400, "broken percent-escape in the URL"));
    }
    auto obligation = std::make_shared<Obligation>(exchange);
    try {
      handler_.Handle(std::move(exchange->request), [obligation](HttpResponse response) {
        Answer(obligation->exchange.get(), std::move(response));
      });
    } catch (const std::exception& error) {
      Answer(exchange.get(), ErrorResponse(500, error.what()));
    }
    obligation.reset();
    return Finish(exchange);
  }

  static bool Complete(MHD_Connection* connection, HttpRequest* request) {
    const std::optional<std::string> path = PercentDecode(request->path);
    if (!path) return false;
    request->path = *path;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &CollectHeader, &request->headers);
    const int given =
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, nullptr, nullptr);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &CollectQuery, &request->query);
    return request->query.size() == static_cast<size_t>(std::max(given, 0));
  }

  // Sends the answer, or lets the connection rest until there is one.
  static MHD_Result Finish(const Holder& exchange) {
    std::optional<HttpResponse> response;
    {
      const std::lock_guard<std::mutex> lock(exchange->mutex);
      if (!exchange->response.has_value()) {
        exchange->suspended = true;
        MHD_suspend_connection(exchange->connection);
        return MHD_YES;
      }
      response = *std::move(exchange->response);
    }
    return Queue(exchange->connection, *std::move(response));
  }

  static void OnCompleted(void* cls, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
    auto* impl = static_cast<Impl*>(cls);
    auto* holder = static_cast<Holder*>(*state);
    if (holder == nullptr) return;
    {
      const std::lock_guard<std::mutex> lock((*holder)->mutex);
      (*holder)->connection = nullptr;
    }
    impl->watch_.Waiting((*holder)->socket);
    {
      const std::lock_guard<std::mutex> lock(impl->mutex_);
      impl->under_way_.erase(*holder);
      if (impl->under_way_.empty()) impl->idle_.notify_all();
    }
    delete holder;
    *state = nullptr;
  }

  static void OnConnection(void* cls, MHD_Connection* connection, void**,
                           MHD_ConnectionNotificationCode code) {
    auto* impl = static_cast<Impl*>(cls);
    const int socket = SocketOf(connection);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
      impl->watch_.Opened(socket);
    } else {
      impl->watch_.Closed(socket);
    }
  }

  // Left as it is: the library would end a path at "%00". PercentDecode refuses it.
  static size_t OnUnescape(void*, MHD_Connection*, char* text) { return std::strlen(text); }

  const HttpServerOptions options_;
  HttpHandler& handler_;
  const ListenSocket socket_;
  ConnectionWatch watch_;
  MHD_Daemon* daemon_ = nullptr;

  std::mutex mutex_;
  std::condition_variable idle_;
  bool stopping_ = false;
  // Handed to the handler, and the answer is not out yet.
  std::unordered_set<Holder> under_way_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Stop(std::chrono::milliseconds(0)); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              HttpHandler* handler) {
  absl::StatusOr<ListenSocket> socket = OpenListenSocket(options.listen);
  if (!socket.ok()) return socket.status();
  auto impl = std::make_unique<Impl>(options, handler, *std::move(socket));
  if (absl::Status status = impl->Open(); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

uint16_t HttpServer::port() const { return impl_->socket().port; }
std::string HttpServer::address() const { return impl_->socket().address; }
void HttpServer::Stop(std::chrono::milliseconds drain) { impl_->Stop(drain); }

}  // namespace escalation
