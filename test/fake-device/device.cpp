// CUDA's front with the processor's kernels behind it. README.md says what for.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/NativeFunctions.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/native/Copy.h>
#include <ATen/native/TensorIterator.h>
#include <c10/core/DeviceGuard.h>
#include <sys/mman.h>
#include <torch/csrc/inductor/aoti_torch/utils.h>
#include <torch/library.h>
#include <fstream>
#include <map>
#include <mutex>
#include <set>

namespace {
using at::Tensor;
using c10::IValue;
using Ints = at::IntArrayRef;
using OptionalTensor = std::optional<Tensor>;

// The autograd engine calls from a thread of the device's own.
std::recursive_mutex lock;
using Locked = std::lock_guard<std::recursive_mutex>;
/** What was asked of the devices; written to FAKE_DEVICE_LOG when the process ends. */
struct Counts : std::map<std::string, long> {
  ~Counts() {
    const char* path = getenv("FAKE_DEVICE_LOG");
    std::ofstream file(path ? path : "/dev/null", std::ios::app);
    for (auto& [what, times] : *this) file << what << '\t' << times << '\n';
  }
} counts;
void count(const std::string& what) {
  Locked _(lock);
  counts[what]++;
}

// ---- Two devices, and their memory: whole pages that nobody may touch but a kernel, full of NaN at first.
const c10::DeviceIndex devices = 2;
thread_local c10::DeviceIndex current = 0;
struct Block { size_t asked, bytes; int users; };
std::map<char*, Block> blocks;
long taken = 0;

void release(void* p) {
  Locked _(lock);
  auto found = blocks.find(static_cast<char*>(p));
  taken -= found->second.asked;
  munmap(p, found->second.bytes);
  blocks.erase(found);
}
struct DeviceAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t n) override {
    const c10::Device device(c10::kCUDA, current);
    if (n == 0) return {nullptr, device};
    Locked _(lock);
    const char* limit = getenv("FAKE_DEVICE_BYTES");
    TORCH_CHECK_WITH(OutOfMemoryError, !limit || taken + long(n) <= atol(limit), "CUDA out of memory. Tried to allocate ", n, " bytes");
    const size_t bytes = (n + 4095) / 4096 * 4096;
    void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TORCH_CHECK(p != MAP_FAILED, "the machine has no memory left for the fake device");
    memset(p, 0xff, bytes);
    mprotect(p, bytes, PROT_NONE);
    blocks[static_cast<char*>(p)] = {n, bytes, 0};
    auto& most = counts["bytes of the devices at most"];
    most = std::max(most, taken += n);
    return {p, p, release, device};
  }
  void copy_data(void*, const void*, size_t) const override { TORCH_CHECK(false, "the fake device does not implement this"); }
} device_allocator;
auto allocator_registered = (c10::SetAllocator(c10::kCUDA, &device_allocator), 0);
// Pinned memory is ordinary memory behind its size, spoilt when it is freed.
void release_pinned(void* start) {
  memset(start, 0xff, *static_cast<size_t*>(start));
  free(start);
}
bool is_pinned(const Tensor& t) { return t.storage().data_ptr().get_deleter() == release_pinned; }
struct PinnedAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t n) override {
    char* start = static_cast<char*>(aligned_alloc(64, n / 64 * 64 + 128));
    *reinterpret_cast<size_t*>(start) = n + 64;
    return {start + 64, start, release_pinned, c10::Device(c10::kCPU)};
  }
  void copy_data(void* to, const void* from, size_t n) const override { memcpy(to, from, n); }
} pinned_allocator;
struct Hooks final : at::CUDAHooksInterface {
  explicit Hooks(at::CUDAHooksArgs) {}
  void init() const override {}
  bool hasCUDA() const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return devices; }
  c10::DeviceIndex current_device() const override { return current; }
  c10::Allocator* getPinnedMemoryAllocator() const override { return &pinned_allocator; }
};

/** Every kernel ends before its call does: streams and events have nothing to wait for. */
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return c10::kCUDA; }
  c10::Device getDevice() const override { return {c10::kCUDA, current}; }
  void uncheckedSetDevice(c10::Device to) const noexcept override {
    if (to.has_index()) current = to.index();
  }
  void setDevice(c10::Device to) const override {
    TORCH_CHECK(to.index() < devices, "CUDA error: invalid device ordinal");
    uncheckedSetDevice(to);
  }
  c10::Device exchangeDevice(c10::Device to) const override {
    const auto before = getDevice();
    return setDevice(to), before;
  }
  c10::Stream getStream(c10::Device of) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, of); }
  c10::Stream getDefaultStream(c10::Device of) const override { return getStream(of); }
  c10::Stream exchangeStream(c10::Stream to) const noexcept override { return to; }
  c10::DeviceIndex deviceCount() const noexcept override { return devices; }
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
};
C10_REGISTER_GUARD_IMPL(CUDA, Guard)
/** Opens a device's tensors, as the processor's on the same memory, for as long as a kernel runs. */
class Opened {
 public:
  ~Opened() {
    for (auto base : pages_) {
      auto& block = blocks.at(base);
      if (--block.users == 0) mprotect(base, block.bytes, PROT_NONE);
    }
  }
  Tensor operator()(const Tensor& t) {
    if (!t.defined() || !t.is_cuda()) return t;
    TORCH_CHECK(!device_ || *device_ == t.device(), "Expected all tensors to be on the same device, but found ", *device_, " and ", t.device());
    device_ = t.device();
    if (auto* base = static_cast<char*>(t.storage().mutable_data())) {
      auto& block = blocks.at(base);
      if (block.users++ == 0) mprotect(base, block.bytes, PROT_READ | PROT_WRITE);
      pages_.push_back(base);
    }
    // An empty result may have to grow.
    auto on_host = t.options().device(at::kCPU);
    auto alias = t.numel() == 0 ? at::empty_strided(t.sizes(), t.strides(), on_host) : at::from_blob(t.mutable_data_ptr(), t.sizes(), t.strides(), on_host);
    alias._set_conj(t.is_conj());
    alias._set_neg(t.is_neg());
    pairs_.emplace_back(alias, t);
    return alias;
  }
  /** A kernel's result: the device's tensor that it was opened from, or a copy on the device. */
  Tensor back(const Tensor& t) {
    if (!t.defined()) return t;
    for (auto& [alias, opened] : pairs_) {
      if (!alias.is_same(t)) continue;
      const Tensor original = opened;
      if (t.numel() > 0 && original.numel() == 0) original.unsafeGetTensorImpl()->shallow_copy_from(copied(t).getIntrusivePtr());
      return original;
    }
    for (auto& [alias, opened] : pairs_) TORCH_CHECK(t.numel() == 0 || alias.const_data_ptr() != t.const_data_ptr(), "the fake device does not implement this view");
    return copied(t);
  }

 private:
  Tensor copied(const Tensor& t) {
    auto there = at::empty_strided(t.sizes(), t.strides(), t.options().device(*device_));
    (*this)(there).copy_(t);
    return there;
  }
  Locked locked_{lock};
  std::optional<c10::Device> device_;
  std::vector<char*> pages_;
  std::vector<std::pair<Tensor, Tensor>> pairs_;
};

// ---- Any operator: the processor's kernel, after what CUDA's would check of its arguments.
using Names = std::set<std::string>;
const Names looks{"_local_scalar_dense", "nonzero", "masked_select", "_unique2"}, indexed{"index", "index_put_", "_index_put_impl_"};
const Names binary{"add", "sub", "mul", "div", "add_", "sub_", "mul_", "div_", "minimum", "maximum", "lt", "le", "gt", "ge", "eq", "ne"};

/** Where CUDA takes a tensor of the processor. */
bool may_be_on_host(const std::string& op, const std::string& argument, const Tensor& t) {
  if ((argument == "indices" && indexed.count(op)) || (op == "where" && t.dim() == 0)) return count("copy to the device, waiting"), true;
  if (argument == "scalars") return op.rfind("_foreach_", 0) == 0;
  return t.dim() == 0 && (binary.count(op) || (op.rfind("addcmul", 0) == 0 && argument == "tensor2"));
}
/** The value with `change` made to each of its tensors. */
template <typename F>
IValue changed(const IValue& value, F change) {
  if (value.isTensor()) return change(value.toTensor());
  if (value.isTensorList()) {
    std::vector<Tensor> list;
    for (const Tensor& t : value.toTensorList()) list.push_back(change(t));
    return list;
  }
  if (!value.isOptionalTensorList()) return value;
  c10::List<OptionalTensor> list;
  for (const OptionalTensor& t : value.toOptionalTensorList()) list.push_back(t ? OptionalTensor(change(*t)) : t);
  return list;
}
void play(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  const std::string name = schema.name().substr(schema.name().find("::") + 2);
  count("kernel " + schema.name());
  if (looks.count(name)) count("copy to the host, waiting");
  Opened host;
  const size_t first = stack->size() - schema.arguments().size();
  for (size_t i = first; i < stack->size(); i++) {
    const auto& argument = schema.arguments()[i - first].name();
    (*stack)[i] = changed((*stack)[i], [&](const Tensor& t) {
      TORCH_CHECK(
          !t.defined() || t.is_cuda() || may_be_on_host(name, argument, t),
          "Expected all tensors to be on the same device: ", argument, " of ", op.operator_name(), " is on the processor, ", t.toString(), t.sizes());
      TORCH_CHECK(!t.is_cuda() || argument != "scalars", "Expected scalars to be on CPU");
      return host(t);
    });
  }
  at::AutoDispatchBelowADInplaceOrView below;
  op.callBoxed(stack);
  for (size_t i = stack->size() - schema.returns().size(); i < stack->size(); i++) {
    (*stack)[i] = changed((*stack)[i], [&](const Tensor& t) { return host.back(t); });
  }
}
TORCH_LIBRARY_IMPL(_, CUDA, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&play>()); }

// ---- What makes tensors, and what looks at them.
using Type = std::optional<at::ScalarType>;
const c10::DispatchKeySet keys(c10::DispatchKey::CUDA);
Tensor empty(Ints size, Type type, std::optional<at::Layout>, std::optional<at::Device> on, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  c10::OptionalDeviceGuard guard(on);
  return at::detail::empty_generic(size, &device_allocator, keys, c10::dtype_or_default(type), format);
}
Tensor empty_strided(Ints size, Ints strides, Type type, std::optional<at::Layout>, std::optional<at::Device> on, std::optional<bool>) {
  c10::OptionalDeviceGuard guard(on);
  return at::detail::empty_strided_generic(size, strides, &device_allocator, keys, c10::dtype_or_default(type));
}

void copy(at::TensorIterator& it, bool ahead) {
  const Tensor &to = it.tensor(0), &from = it.tensor(1);
  const bool queued = ahead && is_pinned(to.is_cuda() ? from : to);
  const std::string where = from.is_cuda() ? "copy to the host" : "copy to the device";
  count(to.is_cuda() && from.is_cuda() ? "kernel copy" : where + (queued ? ", ahead" : ", waiting"));
  Opened host;
  host(to).copy_(host(from).expand(to.sizes()));
}

// ---- What the processor has no kernel of.
bool is_half(const Tensor& t) { return t.scalar_type() == at::kHalf || t.scalar_type() == at::kBFloat16; }
Tensor mm_dtype(const Tensor& a, const Tensor& b, at::ScalarType type) {
  count("kernel aten::mm.dtype");
  TORCH_CHECK(a.scalar_type() == b.scalar_type(), "input dtypes must be the same");
  TORCH_CHECK(type == at::kFloat && is_half(a), "out_dtype must be fp32 for fp16/bf16 inputs");
  Opened host;
  return host.back(at::mm(host(a).to(type), host(b).to(type)));
}

/** Attention over sequences of their own lengths: q [T, H, D], k and v [S, KV, D]. */
struct Sequences {
  Tensor q, k, v, q_starts, k_starts;
  double scale;

  /** The tensors from `at` on and the lengths from `starts` on; the real kernels refuse what this does, or misread it. */
  Sequences(const std::vector<IValue>& given, size_t at, size_t starts, const IValue& scale_)
      : q(given[at].toTensor()), k(given[at + 1].toTensor()), v(given[at + 2].toTensor()),
        q_starts(given[starts].toTensor()), k_starts(given[starts + 1].toTensor()), scale(scale_.toDouble()) {
    TORCH_CHECK(is_half(q), "FlashAttention only support fp16 and bf16 data type");
    TORCH_CHECK(q.dim() == 3 && q.size(2) % 8 == 0 && q.size(2) <= 256, "head_size must be a multiple of 8 up to 256");
    TORCH_CHECK(k.sizes() == v.sizes() && q.size(1) % k.size(1) == 0, "Number of heads in key/value must divide number of heads in query");
    for (const Tensor& t : {q, k, v}) {
      TORCH_CHECK(t.is_cuda() && t.scalar_type() == q.scalar_type(), "query, key and value must have the same dtype and device");
      TORCH_CHECK(t.stride(2) == 1, "Input tensor must have contiguous last dimension");
      // The kernel loads 16 bytes at once without checking that it can.
      TORCH_CHECK(t.storage_offset() % 8 == 0 && t.stride(0) % 8 == 0 && t.stride(1) % 8 == 0, "CUDA error: misaligned address");
    }
    check(q_starts, q.size(0), given[starts + 2].toInt());
    check(k_starts, k.size(0), given[starts + 3].toInt());
    TORCH_CHECK(q_starts.numel() == k_starts.numel() && given[starts + 2].toInt() > 1, "the fake device does not implement other forms of the kernel");
    TORCH_CHECK(given[starts + 4].toDouble() == 0 && given[starts + 5].toBool(), "the fake device implements neither dropout nor attention that is not causal");
  }
  static void check(const Tensor& starts, int64_t rows, int64_t longest) {
    TORCH_CHECK(starts.is_cuda() && starts.scalar_type() == at::kInt && starts.is_contiguous(), "cu_seqlens must be int32 on the device");
    Opened host;
    auto lengths = host(starts).diff();
    TORCH_CHECK(lengths.sum().item<int64_t>() == rows && lengths.min().item<int64_t>() >= 0, "the sequences are not the rows");
    TORCH_CHECK(lengths.max().item<int64_t>() <= longest, "a sequence is longer than the longest");
  }
  /** Each one's rows and keys; queries, keys and values as [H, length, D] in float32; the keys' weights [H, Q, K]. */
  template <typename F>
  void each(Opened& host, F use) const {
    for (int64_t n = 0; n + 1 < q_starts.numel(); n++) {
      auto rows = [&](const Tensor& starts) { return at::indexing::Slice(host(starts)[n].item<int64_t>(), host(starts)[n + 1].item<int64_t>()); };
      auto of = [&](const Tensor& x, const Tensor& starts) {
        return host(x).index({rows(starts)}).to(at::kFloat).transpose(0, 1).repeat_interleave(q.size(1) / x.size(1), 0);
      };
      auto x = of(q, q_starts), y = of(k, k_starts), z = of(v, k_starts);
      // The last query sees all keys, the one before it all but the last.
      auto unseen = at::ones({x.size(1), y.size(1)}, at::kBool).tril(y.size(1) - x.size(1)).logical_not();
      use(rows(q_starts), rows(k_starts), x, y, z, (at::matmul(x, y.transpose(1, 2)) * scale).masked_fill(unseen, -INFINITY).softmax(-1));
    }
  }
};
std::vector<IValue> taken_from(torch::jit::Stack* stack, const c10::OperatorHandle& op) {
  count("kernel " + op.schema().name());
  const size_t n = op.schema().arguments().size();
  std::vector<IValue> given(stack->end() - n, stack->end());
  return torch::jit::drop(*stack, n), given;
}

void flash(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto given = taken_from(stack, op);
  const Sequences s(given, 0, 3, given[10]);
  for (size_t i = 11; i < given.size(); i++) TORCH_CHECK(given[i].isNone(), op.schema().arguments()[i].name(), " is not implemented by the fake device");
  Opened host;
  auto out = at::full(s.q.sizes(), NAN, s.q.options().device(at::kCPU));
  s.each(host, [&](auto rows, auto, auto&, auto&, auto& z, auto weights) {
    out.index_put_({rows}, at::matmul(weights, z).transpose(0, 1).to(s.q.scalar_type()));
  });
  auto rest = [&](Ints size, at::ScalarType type) { return at::empty(size, at::TensorOptions(s.q.device()).dtype(type)); };
  torch::jit::push(*stack, host.back(out), rest({s.q.size(1), s.q.size(0)}, at::kFloat), rest({2}, at::kUInt64), rest({}, at::kUInt64), Tensor());
}

void flash_backward(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto given = taken_from(stack, op);
  const Sequences s(given, 1, 6, given[14]);
  TORCH_CHECK(given[0].toTensor().scalar_type() == s.q.scalar_type(), "query and dout must have the same dtype");
  Opened host;
  auto nothing = [](const Tensor& x) { return at::zeros(x.sizes(), at::kFloat); };
  auto dq = nothing(s.q), dk = nothing(s.k), dv = nothing(s.v), dout = host(given[0].toTensor()).to(at::kFloat);
  s.each(host, [&](auto rows, auto keys, auto& x, auto& y, auto& z, auto weights) {
    auto up = dout.index({rows}).transpose(0, 1);
    auto dweights = at::matmul(up, z.transpose(1, 2));
    auto dscores = weights * (dweights - (dweights * weights).sum(-1, true)) * s.scale;
    auto shared = [&](const Tensor& t) { return t.unflatten(0, {s.k.size(1), -1}).sum(1).transpose(0, 1); };
    dq.index_put_({rows}, at::matmul(dscores, y).transpose(0, 1));
    dk.index_put_({keys}, shared(at::matmul(dscores.transpose(1, 2), x)));
    dv.index_put_({keys}, shared(at::matmul(weights.transpose(1, 2), up)));
  });
  for (const Tensor& x : {dq, dk, dv}) stack->push_back(host.back(x.to(s.q.scalar_type())));
}

TORCH_LIBRARY_IMPL(aten, CUDA, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  // Views are the processor's own.
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("view", static_cast<Tensor (*)(const Tensor&, Ints)>(at::native::view));
  m.impl("_reshape_alias", static_cast<Tensor (*)(const Tensor&, Ints, Ints)>(at::native::_reshape_alias));
  m.impl("view_as_real", at::native::view_as_real);
  m.impl("view_as_complex", at::native::view_as_complex);
  // What CUDA alone has.
  m.impl("mm.dtype", mm_dtype);
  m.impl("_flash_attention_forward", torch::CppFunction::makeFromBoxedFunction<&flash>());
  m.impl("_flash_attention_backward", torch::CppFunction::makeFromBoxedFunction<&flash_backward>());
}
}  // namespace

namespace at {
using CUDAHooks = ::Hooks;
REGISTER_CUDA_HOOKS(CUDAHooks)
namespace native { REGISTER_CUDA_DISPATCH(copy_stub, &::copy) }
}  // namespace at

extern "C" AOTITorchError aoti_torch_cuda_addmm_out(AtenTensorHandle out, AtenTensorHandle self, AtenTensorHandle a, AtenTensorHandle b, double beta, double alpha) {
  AOTI_TORCH_CONVERT_EXCEPTION_TO_ERROR_CODE({
    at::AutoDispatchBelowADInplaceOrView below;
    auto tensor = [](AtenTensorHandle handle) -> Tensor& { return *torch::aot_inductor::tensor_handle_to_tensor_pointer(handle); };
    at::addmm_out(tensor(out), tensor(self), tensor(a), tensor(b), beta, alpha);
  });
}
