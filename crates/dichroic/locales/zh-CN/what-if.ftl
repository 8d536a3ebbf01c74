# 同一个层，各种权重共享方式（dichroic what-if）。

what-if-title = { $layer }（{ $class_name }）在各种权重共享方式下
what-if-variant = 方式
what-if-parameters = 参数
what-if-multiply-adds = 乘加
what-if-output = 输出
what-if-test-accuracy = 测试准确率
what-if-time = 时间
what-if-formula = 算式
what-if-as-it-is = { $variant }（现状）
what-if-seconds = { $seconds } 秒
what-if-left-out = 略去 { $reason }

## 方式

what-if-own-kernels = 每一对各有自己的卷积核
what-if-shared = 每个过滤器一个卷积核，各输入通道共享
what-if-grouped = 分 { $groups } 组
what-if-depthwise = 逐通道卷积，每个通道 { $filters }
what-if-separable = 可分离卷积：先逐通道，再 { $size }
what-if-ones = { $size }，每一对只有一个权重的卷积核

## 为什么略去

what-if-no-transposed = 共享、分组、逐通道和可分离：只有普通卷积才有，转置卷积没有
what-if-no-groups = 分组：{ $channels } 个输入通道与 { $filters } 个过滤器没有大于 1 的公约数
what-if-no-separable = 可分离：Keras 只有一维和二维的
what-if-refused = { $variant }：{ $error }
